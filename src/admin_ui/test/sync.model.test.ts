import fc from "fast-check";
import { expect, test } from "vitest";
import { BackendStore } from "@/core/store";
import { Feed } from "@/core/sync";
import { asSaid, fleets, SLOW_MS, saidBy } from "./model";
import { PlayedHub, PlayedTime, type Refusal, settled } from "./played_hub";

const refusals = fc.constantFrom<Refusal | "down">(
  "down",
  { status: 500 },
  { status: 503, retryAfter: "2" },
  { status: 429 },
  { status: 401 },
  { status: 200, body: "<html>" },
);

/** Anything that may happen between a page and its hub. */
const happenings = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("change" as const), upserts: fleets, deletes: fleets }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const), rows: fleets }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("refuse" as const), refusal: refusals }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("time" as const), ms: fc.constantFrom(0, 100, 3000, 25_000) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "break",
        "cut",
        "end",
        "hang",
        "forget",
        "pause",
        "resume",
        "hide",
        "show",
        "retry",
        "reset",
        "stop",
        "start",
        "turn",
      ),
    }),
  },
);

type Happening = typeof happenings extends fc.Arbitrary<infer H> ? H : never;

const DOINGS: Readonly<Record<string, (hub: PlayedHub, feed: Feed) => void>> = {
  break: (hub) => hub.breakStreams(),
  cut: (hub) => hub.breakStreams('id: 1111111111111111.7\nevent: delta\ndata: {"upserts":[],"dele'),
  end: (hub) => hub.endStreams(),
  hang: (hub) => hub.hang(),
  forget: (hub) => hub.forget(),
  reset: (hub) => {
    hub.say("reset", { reason: "fell_behind" });
    hub.hang();
  },
  pause: (_, feed) => feed.pause(),
  resume: (_, feed) => feed.resume(),
  hide: (_, feed) => feed.hide(),
  show: (_, feed) => feed.show(),
  retry: (_, feed) => feed.retryNow(),
  stop: (_, feed) => feed.stop(),
  start: (_, feed) => feed.start(),
};

async function happen(what: Happening, hub: PlayedHub, feed: Feed, time: PlayedTime): Promise<void> {
  switch (what.do) {
    case "change":
      hub.change(what.upserts, what.deletes);
      break;
    case "restart":
      hub.restart(what.rows);
      break;
    case "refuse":
      hub.refusals.push(what.refusal);
      break;
    case "time":
      await time.go(what.ms);
      break;
    default:
      DOINGS[what.do]?.(hub, feed);
      if (what.do === "turn") {
        await settled();
      }
  }
}

test(
  "whatever happens in between, page and hub agree in the end",
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(happenings, { maxLength: 25 }),
        fc.constantFrom(3, 50, 1_000_000),
        fc.boolean(),
        async (happening, pieceSize, isLate) => {
          const hub = new PlayedHub();
          const time = new PlayedTime();
          const store = new BackendStore();
          const feed = new Feed({ store, http: hub.http, clock: time.clock, random: () => 0.3, wait: time.wait });
          hub.pieceSize = pieceSize;
          hub.isLate = isLate;
          feed.start();
          for (const what of happening) {
            await happen(what, hub, feed, time);
          }
          // From here on all is well again.
          hub.refusals.splice(0);
          feed.start();
          feed.resume();
          feed.show();
          feed.retryNow();
          await time.go(60_000);
          expect(feed.connection.state).toBe("live");
          expect(saidBy(store)).toEqual(new Map(Array.from(hub.rows, ([key, row]) => [key, asSaid(row)])));
          feed.stop();
          await settled();
          expect([hub.readers, time.waiting]).toEqual([0, 0]);
        },
      ),
      { numRuns: 150 },
    );
  },
  SLOW_MS,
);
