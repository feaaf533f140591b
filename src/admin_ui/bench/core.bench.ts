/** What the core costs at 10,000 and 100,000 rows: `npm run bench` prints the median of each, in milliseconds. */
import { type BenchOptions, bench, describe } from "vitest";
import { FACET_FIELDS, facetsOf } from "@/core/facets";
import { RowOrder, type Sort } from "@/core/order";
import { parseQuery } from "@/core/query";
import { BackendStore } from "@/core/store";
import { columnsOf, playedDelta, playedFleet, seeded } from "../test/fleet";

const BY_STATUS: Sort = { column: "status", descending: false };
const BY_LATENCY: Sort = { column: "latency", descending: true };
const KEYSTROKE = parseQuery("fra-1 status:unavailable,degraded,available latency>100");
const EVERYTHING = parseQuery("");
const clock = () => 1795000000000;

const OPTIONS: BenchOptions = { time: 300, iterations: 10, warmupTime: 50, warmupIterations: 3 };

for (const size of [10_000, 100_000]) {
  describe(`${size} rows`, () => {
    const rows = playedFleet(size, seeded(size));
    const columns = columnsOf(rows);
    const text = JSON.stringify(columns);
    const store = new BackendStore();
    store.load(columns);
    const order = new RowOrder(store, clock);
    const random = seeded(1);
    const deltas = Array.from({ length: 50 }, () => playedDelta(rows, size / 1000, random));
    let next = 0;
    const apply = () => store.apply(deltas[next++ % deltas.length] ?? { upserts: [], deletes: [] });

    bench("parse the columns", () => void JSON.parse(text), OPTIONS);
    bench(
      "load and first order",
      () => {
        const fresh = new BackendStore();
        fresh.load(columns);
        new RowOrder(fresh, clock).dispose();
      },
      OPTIONS,
    );
    bench("load again, order with it", () => store.load(columns), OPTIONS);
    bench(`apply a delta of ${size / 1000} rows, order by status`, apply, {
      ...OPTIONS,
      setup: () => order.set(EVERYTHING, BY_STATUS),
    });
    bench(`apply a delta of ${size / 1000} rows, order by latency`, apply, {
      ...OPTIONS,
      setup: () => order.set(EVERYTHING, BY_LATENCY),
    });
    bench("a keystroke: filter and sort", () => order.set(KEYSTROKE, BY_LATENCY), OPTIONS);
    bench("sort everything by latency", () => order.set(EVERYTHING, BY_LATENCY), OPTIONS);
    bench("facets of all fields", () => void facetsOf(store, KEYSTROKE, FACET_FIELDS, clock), OPTIONS);
  });
}
