/**
 * When what the fleet changes is drawn: a dozen times a second at most, and all parts of the page in the same frame.
 *
 * The hub sends what has changed every 50 ms. Nobody reads that fast, and each frame costs the same, however little there is in it.
 */

/** Frames are at least so far apart, in milliseconds. More would be seen as lag; with few changes less would cost nothing either. */
const APART_MS = 75;

const tasks = new Set<() => void>();
let drawnAtMs = Number.NEGATIVE_INFINITY;
let frame = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

function draw(): void {
  frame = 0;
  drawnAtMs = performance.now();
  const due = [...tasks];
  tasks.clear();
  for (const task of due) {
    task();
  }
}

function request(): void {
  clearTimeout(timer);
  timer = undefined;
  frame ||= requestAnimationFrame(draw);
}

/** Do something once in the next of these frames; after a quiet time that is the browser's next one. */
export function inLiveFrame(task: () => void): void {
  tasks.add(task);
  const sinceMs = performance.now() - drawnAtMs;
  if (sinceMs >= APART_MS) {
    request();
  } else if (frame === 0) {
    timer ??= setTimeout(request, APART_MS - sinceMs);
  }
}

/** Do not do it after all. */
export function notInLiveFrame(task: () => void): void {
  tasks.delete(task);
}
