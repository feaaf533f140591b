import { describe, expect, test, vi } from "vitest";
import { BackendStore } from "@/core/store";
import { type Connection, Feed } from "@/core/sync";
import { columnsOf, leanRow } from "./fleet";
import { asSaid, saidBy } from "./model";
import { PlayedHub, PlayedTime, settled } from "./played_hub";

// A busy machine may take its time.
vi.setConfig({ testTimeout: 60_000 });

function playing(random: () => number = () => 0.5) {
  const hub = new PlayedHub();
  const time = new PlayedTime();
  const store = new BackendStore();
  const feed = new Feed({ store, http: hub.http, clock: time.clock, random, wait: time.wait });
  const seen: Connection["state"][] = [];
  feed.subscribe(({ state }) => state !== seen.at(-1) && seen.push(state));
  const isRight = () => {
    expect(saidBy(store)).toEqual(new Map(Array.from(hub.rows, ([key, row]) => [key, asSaid(row)])));
  };
  return { hub, time, store, feed, seen, isRight };
}

async function live(random?: () => number) {
  const played = playing(random);
  played.hub.change([leanRow("a"), leanRow("b")]);
  played.feed.start();
  await settled();
  expect(played.feed.connection.state).toBe("live");
  return played;
}

test("it loads, and follows from there", async () => {
  const { hub, feed, seen, isRight } = await live();
  isRight();
  hub.change([leanRow("a", { pending: 7 })], [leanRow("b")]);
  await settled();
  isRight();
  expect(hub.asked).toEqual(["api/backends?shape=columns", "api/backends/stream?lean=true&since=1111111111111111.1"]);
  expect(seen).toEqual(["live"]);
  feed.stop();
});

test("events are whole however they are cut, in the middle of a sign as well", async () => {
  const { hub, feed, isRight } = await live();
  hub.pieceSize = 1;
  hub.change([leanRow("ümläut-日本-🚀", { status_reason: "größe" })]);
  await settled();
  await settled();
  isRight();
  feed.stop();
});

test("what changes while the columns are made is neither lost nor wrong", async () => {
  const { hub, feed, isRight } = playing();
  hub.change([leanRow("a"), leanRow("b")]);
  hub.isLate = true;
  feed.start();
  await Promise.resolve();
  hub.change([leanRow("c")], [leanRow("a")]);
  await settled();
  await settled();
  isRight();
  feed.stop();
});

test("a stream that breaks within an event goes on after the last whole one", async () => {
  const { hub, time, feed, isRight } = await live();
  hub.change([leanRow("c")]);
  await settled();
  hub.breakStreams('id: 1111111111111111.9\nevent: delta\ndata: {"upserts":[{"na');
  hub.change([leanRow("d")]);
  await settled();
  expect(feed.connection).toMatchObject({ state: "reconnecting", attempt: 1, problem: "unreachable" });
  await time.go(1000);
  expect(feed.connection.state).toBe("live");
  expect(hub.asked.at(-1)).toBe("api/backends/stream?lean=true&since=1111111111111111.2");
  isRight();
  feed.stop();
});

describe("when everything has to be loaded again", () => {
  test("the store changes in one step, and the connection does not flicker", async () => {
    const { hub, time, store, feed, seen, isRight } = await live();
    const slot = store.slotOf("vllm/a");
    hub.restart([leanRow("a", { pending: 1 })]);
    await settled();
    const sizes: number[] = [];
    store.subscribe(() => sizes.push(store.size));
    await time.go(1000);
    isRight();
    expect(sizes[0]).toBe(1);
    expect(store.slotOf("vllm/a")).toBe(slot);
    expect(seen).toEqual(["live", "reconnecting", "live"]);
    feed.stop();
  });

  test("a reset in the middle of the stream is a load at once", async () => {
    const { hub, feed, seen, isRight } = await live();
    hub.say("reset", { reason: "fell_behind" });
    hub.forget();
    hub.hang();
    hub.change([leanRow("z")]);
    await settled();
    await settled();
    isRight();
    expect(seen).toEqual(["live"]);
    expect(hub.asked.filter((path) => path.includes("columns"))).toHaveLength(2);
    feed.stop();
  });

  test("one reset after the other does not make it load all the time", async () => {
    const { hub, time, feed } = await live();
    for (let round = 0; round < 20; round++) {
      hub.say("reset", { reason: "fell_behind" });
      hub.hang();
      await time.go(100);
    }
    expect(hub.asked.filter((path) => path.includes("columns")).length).toBeLessThan(8);
    feed.stop();
  });
});

describe("a hub that does not answer as it should", () => {
  test("401: signed out, and nothing more is asked until somebody says so", async () => {
    const { hub, time, store, feed, isRight } = await live();
    hub.refusals.push({ status: 401 });
    hub.endStreams();
    await time.go(1000);
    expect(feed.connection).toEqual({ state: "signed_out" });
    const asked = hub.asked.length;
    await time.go(600_000);
    expect(hub.asked).toHaveLength(asked);
    expect(store.size).toBe(2);
    feed.retryNow();
    await settled();
    expect(feed.connection.state).toBe("live");
    isRight();
    feed.stop();
  });

  test.each([429, 503])("%i: it comes back when it is asked to", async (status) => {
    const { hub, time, feed } = await live();
    hub.refusals.push({ status, retryAfter: "30" });
    hub.endStreams();
    await time.go(1000);
    expect(feed.connection).toMatchObject({ state: "reconnecting", problem: "busy" });
    const asked = hub.asked.length;
    await time.go(28_000);
    expect(hub.asked).toHaveLength(asked);
    await time.go(4000);
    expect(feed.connection.state).toBe("live");
    feed.stop();
  });

  test("it never gives up, and never hammers", async () => {
    const { hub, time, feed, isRight } = await live();
    hub.refusals.push(...Array<"down">(200).fill("down"));
    hub.breakStreams();
    const asked = hub.asked.length;
    await time.go(60_000);
    expect(hub.asked.length - asked).toBeGreaterThan(8);
    expect(hub.asked.length - asked).toBeLessThan(20);
    // The wait for the next try, and nothing that attempts have left.
    expect(time.waiting).toBe(1);
    await time.go(30 * 60_000);
    isRight();
    expect(feed.connection.state).toBe("live");
    feed.stop();
  });

  test.each([200, 1500])("a hub that lets in and ends after %i ms is not hammered either", async (ms) => {
    const { hub, time, feed } = await live();
    const asked = hub.asked.length;
    for (let round = 0; round < 60_000 / ms; round++) {
      hub.endStreams();
      await time.go(ms);
    }
    expect(hub.asked.length - asked).toBeLessThan(20);
    feed.stop();
  });

  test.each([
    [{ status: 403 }, "forbidden"],
    [{ status: 500 }, "failed"],
    ["down", "unreachable"],
    [{ status: 200, body: "<html>" }, "not_understood"],
    [{ status: 200, body: '{"values":{}}' }, "not_understood"],
  ] as const)("%o of a load is told as %s, and tried again", async (refusal, problem) => {
    const { hub, time, feed, isRight } = playing();
    hub.change([leanRow("a")]);
    hub.refusals.push(refusal);
    feed.start();
    await settled();
    expect(feed.connection).toMatchObject({ state: "reconnecting", problem });
    await time.go(1000);
    isRight();
    feed.stop();
  });

  test("an event that is not understood is made good for by a load", async () => {
    const { hub, time, feed, isRight } = await live();
    hub.sendRaw('id: 1111111111111111.2\nevent: delta\ndata: {"upserts":3}\n\n');
    hub.change([leanRow("c")]);
    await time.go(1000);
    isRight();
    expect(hub.asked.filter((path) => path.includes("columns"))).toHaveLength(2);
    feed.stop();
  });

  test("events and fields that nobody knows are left out", async () => {
    const { hub, feed, seen, isRight } = await live();
    hub.sendRaw(": hello\nretry: 5\n\nevent: weather\ndata: fine\n\n");
    hub.change([leanRow("c")]);
    await settled();
    isRight();
    expect(seen).toEqual(["live"]);
    feed.stop();
  });
});

test("silence is noticed: late after 18 s, and a new stream after 20 s", async () => {
  const { hub, time, feed, isRight } = await live();
  await time.go(15_000);
  expect(feed.connection.state).toBe("live");
  hub.say("heartbeat", {});
  await time.go(15_000);
  expect(feed.connection.state).toBe("live");
  hub.hang();
  hub.change([leanRow("late")]);
  await time.go(4500);
  expect(feed.connection).toMatchObject({ state: "lagging", lagMs: 19_000 });
  await time.go(3000);
  expect(feed.connection.state).toBe("live");
  isRight();
  feed.stop();
});

test("a load that hangs is given up", async () => {
  const { time, store } = playing();
  let asked = 0;
  const http = () => {
    asked++;
    return new Promise<Response>(() => undefined);
  };
  const feed = new Feed({ store, http, clock: time.clock, random: () => 0, wait: time.wait });
  feed.start();
  await time.go(60_000);
  expect(asked).toBe(3);
  feed.stop();
});

describe("while nobody looks", () => {
  test.each([
    ["paused", (feed: Feed) => feed.pause(), (feed: Feed) => feed.resume()],
    ["hidden", (feed: Feed) => feed.hide(), (feed: Feed) => feed.show()],
  ] as const)("%s: there is no stream and nothing changes, and afterwards all comes at once", async (state, rest, goOn) => {
    const { hub, time, store, feed, isRight } = await live();
    rest(feed);
    await settled();
    expect(hub.readers).toBe(0);
    hub.change([leanRow("c")], [leanRow("a")]);
    hub.change([leanRow("d")]);
    await time.go(60_000);
    expect(feed.connection).toEqual({ state });
    expect(store.size).toBe(2);
    let changes = 0;
    store.subscribe(({ upserted }) => {
      changes += upserted.length > 0 ? 1 : 0;
    });
    goOn(feed);
    await settled();
    isRight();
    expect(changes).toBe(1);
    expect(hub.asked.filter((path) => path.includes("columns"))).toHaveLength(1);
    feed.stop();
  });

  test("both: only when it is neither it goes on", async () => {
    const { hub, feed } = await live();
    feed.pause();
    feed.hide();
    feed.show();
    await settled();
    expect(feed.connection).toEqual({ state: "paused" });
    expect(hub.readers).toBe(0);
    feed.resume();
    await settled();
    expect(feed.connection.state).toBe("live");
    feed.stop();
  });

  test("a hub that has forgotten what came in between is loaded", async () => {
    const { hub, feed, isRight } = await live();
    feed.hide();
    hub.change([leanRow("c")]);
    hub.forget();
    feed.show();
    await settled();
    await settled();
    isRight();
    feed.stop();
  });
});

test("what was stopped asks for nothing more, and leaves no timer", async () => {
  const { hub, time, feed } = await live();
  feed.stop();
  await settled();
  expect(hub.readers).toBe(0);
  expect(time.waiting).toBe(0);
  const asked = hub.asked.length;
  await time.go(60_000);
  expect(hub.asked).toHaveLength(asked);
});

test("an answer that comes after it was stopped changes nothing", async () => {
  const { hub, store, feed } = playing();
  hub.isLate = true;
  hub.change([leanRow("a")]);
  feed.start();
  await Promise.resolve();
  feed.stop();
  await settled();
  await settled();
  expect(store.loaded).toBe(false);
});

test("nor does the rest of an answer that had begun to come", async () => {
  const { time, store } = playing();
  const text = JSON.stringify(columnsOf([leanRow("a")]));
  let rest: (() => void) | undefined;
  const http = async () => {
    const start = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      rest = () => {
        controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      };
    };
    return new Response(new ReadableStream({ start }));
  };
  const feed = new Feed({ store, http, clock: time.clock, random: () => 0, wait: time.wait });
  feed.start();
  await settled();
  feed.stop();
  try {
    rest?.();
  } catch {
    // The stream has been let go already, which is as good.
  }
  await settled();
  expect(store.loaded).toBe(false);
});

test("retry now does not wait, and does nothing while all is well", async () => {
  const { hub, time, feed } = await live();
  const asked = hub.asked.length;
  feed.retryNow();
  await settled();
  expect(hub.asked).toHaveLength(asked);
  hub.refusals.push({ status: 503, retryAfter: "100" });
  hub.endStreams();
  await time.go(1000);
  feed.retryNow();
  await settled();
  expect(feed.connection.state).toBe("live");
  feed.stop();
});

test("the facts of the hub reach the store", async () => {
  const { hub, store, feed } = await live();
  hub.say("facts", { complete: false, protected: true, degraded: "the store is away" });
  await settled();
  expect(store.facts).toMatchObject({ complete: false, protected: true, degraded: "the store is away" });
  feed.stop();
});

test("the rate of changes is that of the last seconds", async () => {
  const { hub, time, feed } = await live();
  for (let second = 0; second < 8; second++) {
    hub.change([leanRow("a", { pending: second }), leanRow("b", { pending: second })]);
    await time.go(1000);
  }
  expect(feed.connection).toMatchObject({ state: "live", ratePerS: 2 });
  await time.go(7000);
  expect(feed.connection).toMatchObject({ state: "live", ratePerS: 0 });
  expect(feed.heardAtMs).toBe(time.now - 8000);
  feed.stop();
});
