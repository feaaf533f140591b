/** One backend with its nodes, asked for again when its row changes. */

import { effect } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { ClusterBackend } from "@/core/wire.gen";
import { fleet } from "@/state/fleet";
import { type Polled, usePolled } from "@/state/polled";

/** What changes on single nodes, without a change of the row, is seen after this time at the latest. */
const EVERY_MS = 5_000;
/** A row may change many times a second; it is not asked for more often than this. */
const APART_MS = 1_000;

/** The values of a row that its nodes explain, as one text; empty while there is no such row. */
function shape(key: string): string {
  const { store } = fleet;
  const slot = store.slotOf(key);
  if (slot === undefined) {
    return "";
  }
  const { sinceMs, total, available, stale, healthy, unhealthy, draining, disabled, pending, latencyMs, reason } =
    store.row(slot);
  return [sinceMs, total, available, stale, healthy, unhealthy, draining, disabled, pending, latencyMs, reason].join(" ");
}

/** Asks again after changes: at most once in `APART_MS`, and not while an answer is on its way. */
class Follower {
  readonly #polled: Polled<unknown>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #askedAtMs = 0;
  #answersWhenAsked = 0;

  constructor(polled: Polled<unknown>) {
    this.#polled = polled;
  }

  changed(): void {
    this.#timer ??= setTimeout(this.#ask, Math.max(0, this.#askedAtMs + APART_MS - performance.now()));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  readonly #ask = (): void => {
    this.#timer = undefined;
    const asked = performance.now();
    const answered = this.#polled.loadedAtMs.peek() !== this.#answersWhenAsked;
    // A request that is under way would be given up by the next one, and under steady change no answer would ever come.
    if (!answered && asked - this.#askedAtMs < EVERY_MS) {
      this.#timer = setTimeout(this.#ask, APART_MS);
      return;
    }
    this.#askedAtMs = asked;
    this.#answersWhenAsked = this.#polled.loadedAtMs.peek();
    this.#polled.refresh();
  };
}

/** The backend of a key, live: follows its row in the store. */
export function useDetail(key: string): Polled<ClusterBackend> {
  const polled = usePolled<ClusterBackend>(`api/backends/${key}`, EVERY_MS);
  const follower = useMemo(() => new Follower(polled), [polled]);
  useEffect(() => {
    let known = shape(key);
    const unfollow = effect(() => {
      fleet.frame.value;
      const present = shape(key);
      if (present !== known) {
        follower.changed();
      }
      known = present;
    });
    return () => {
      unfollow();
      follower.stop();
    };
  }, [key, follower]);
  return polled;
}
