/** The server's time, so that ages are right on a machine whose clock is not. */
import { signal } from "@preact/signals";
import { ServerClock } from "@/core/time";

const clock = new ServerClock();
const TICK_MS = 1000;

/** The server's time in milliseconds since 1970, which goes on once a second while the page is visible. */
export const now = signal(Date.now());

/** How far the server's clock is ahead of the browser's, in milliseconds. */
export const clockOffset = signal(0);

/** The server's time now, in milliseconds since 1970, without waiting for the tick. */
export function serverNow(): number {
  return Date.now() + clock.offsetMs;
}

/** The browser's time, which makes what reads it go on once a second. For ages of what the browser itself has noted. */
export function browserNow(): number {
  return now.value > 0 ? Date.now() : 0;
}

/** Take in the time that an answer carries; see `ServerClock.observe`. */
export function observeServerTime(serverMs: number, grainMs: number, sentMs: number, heardMs: number): void {
  clock.observe(serverMs, grainMs, sentMs, heardMs);
  clockOffset.value = Math.round(clock.offsetMs);
}

function tick(): void {
  if (!document.hidden) {
    now.value = serverNow();
  }
}

/** Let the time go on. Once, at the start of the page. */
export function startClock(): void {
  setInterval(tick, TICK_MS);
  document.addEventListener("visibilitychange", tick);
}
