import { expect, test } from "vitest";
import { Backoff, retryAfterMs } from "@/core/backoff";
import { timerWait } from "@/core/sync_wait";

test("waits grow up to 15 s, and begin anew after a success", () => {
  const backoff = new Backoff(() => 0.999999);
  const waits = Array.from({ length: 12 }, () => backoff.next());
  expect(waits.map(Math.round)).toEqual([400, 800, 1600, 3200, 6400, 12_800, 15_000, 15_000, 15_000, 15_000, 15_000, 15_000]);
  backoff.reset();
  expect([Math.round(backoff.next()), backoff.attempt]).toEqual([400, 1]);
});

test("no wait is shorter than 0.2 s", () => {
  const backoff = new Backoff(() => 0);
  expect(Array.from({ length: 2000 }, () => backoff.next()).every((wait) => wait === 200)).toBe(true);
});

test("what the server asks for is at least waited, within reason, and not by all to the same moment", () => {
  expect(new Backoff(() => 0).next(30_000)).toBe(30_000);
  expect(new Backoff(() => 0.5).next(30_000)).toBe(30_500);
  expect(new Backoff(() => 0).next(1e9)).toBe(300_000);
});

test.each([
  ["3", 3000],
  ["0", 0],
  [" 2 ", 2000],
  ["Sat, 21 Nov 2026 16:00:10 GMT", 10_000],
  ["Sat, 21 Nov 2026 15:00:10 GMT", 0],
  ["soon", undefined],
  ["", undefined],
  [null, undefined],
])("Retry-After: %s", (header, ms) => {
  expect(retryAfterMs(header, Date.parse("2026-11-21T16:00:00Z"))).toBe(ms);
});

test("a timer ends when the time is over or the signal says so, and leaves nothing at the signal", async () => {
  const abort = new AbortController();
  let listeners = 0;
  const { signal } = abort;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  await timerWait(1, signal);
  expect(listeners).toBe(0);
  const waiting = timerWait(1e8, signal);
  abort.abort();
  await waiting;
  await timerWait(1e8, signal);
  expect(listeners).toBe(0);
});
