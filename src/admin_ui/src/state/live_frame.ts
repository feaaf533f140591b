/**
 * When what the fleet changes is drawn: a dozen times a second at most, and all parts of the page in the same frame.
 *
 * The hub sends what has changed every 50 ms. Nobody reads that fast, and each frame costs the same, however little there is in it.
 */

/** Frames are at least so far apart, in milliseconds. More would be seen as lag; with few changes less would cost nothing either. */
const APART_MS = 75;

const tasks = new Set<() => void>();
let drawnAtMs = Number.NEGATIVE_INFINITY;
let timer: ReturnType<typeof setTimeout> | undefined;

function draw(): void {
  timer = undefined;
  drawnAtMs = performance.now();
  const due = [...tasks];
  tasks.clear();
  for (const task of due) {
    task();
  }
}

/**
 * Do something once when the fleet is drawn next; after a quiet time that is at once.
 *
 * By a timer: a frame that was asked for is made whether or not anything has changed that can be seen, and with many backends
 * mostly nothing has.
 */
export function inLiveFrame(task: () => void): void {
  tasks.add(task);
  if (timer === undefined) {
    timer = setTimeout(draw, Math.max(0, APART_MS - (performance.now() - drawnAtMs)));
  }
}

/** Do not do it after all. */
export function notInLiveFrame(task: () => void): void {
  tasks.delete(task);
}
