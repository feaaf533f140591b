/** Waiting by the timers of the browser. */
import type { Wait } from "@/core/sync_types";

/** Waits by `setTimeout`. Leaves nothing at the signal, which may live for days. */
export const timerWait: Wait = (ms, signal) =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
    if (signal.aborted) {
      end();
    }
  });
