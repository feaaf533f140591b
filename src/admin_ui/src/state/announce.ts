/** What is said to somebody who does not see the page: one short summary at a time, and not more than one in five seconds. */
import { signal } from "@preact/signals";

/** The least time between two of them, in milliseconds. */
const EVERY_MS = 5_000;

/** What the polite live region holds. */
export const announcement = signal("");

let waiting: string | null = null;
let isWaiting = false;
let lastMs = Number.NEGATIVE_INFINITY;

function speak(): void {
  isWaiting = false;
  if (waiting !== null) {
    lastMs = performance.now();
    announcement.value = waiting;
    waiting = null;
  }
}

/** Say a text as soon as it is time; a later text takes the place of one that still waits. */
export function announce(text: string): void {
  waiting = text;
  if (!isWaiting) {
    isWaiting = true;
    setTimeout(speak, Math.max(0, lastMs + EVERY_MS - performance.now()));
  }
}
