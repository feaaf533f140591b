/** Looking at the whole fleet once a second, for what would cost too much with each change. */
import { type ReadonlySignal, signal, useComputed } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { fleet } from "@/state/fleet";

const EVERY_MS = 1000;

/** Goes up after the fleet has changed: at once after a quiet second, else once a second. Nothing is done while nothing changes. */
export function useFleetTick(): ReadonlySignal<number> {
  const tick = useMemo(() => signal(0), []);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let lastMs = Number.NEGATIVE_INFINITY;
    const go = () => {
      timer = undefined;
      lastMs = performance.now();
      tick.value += 1;
    };
    const end = fleet.frame.subscribe(() => {
      timer ??= setTimeout(go, Math.max(lastMs + EVERY_MS - performance.now(), 0));
    });
    return () => {
      end();
      clearTimeout(timer);
    };
  }, [tick]);
  return tick;
}

/** What `look` gives, looked at again whenever `tick` goes up, and when another signal that it reads changes. */
export function useGlance<T>(tick: ReadonlySignal<number>, look: () => T): ReadonlySignal<T> {
  return useComputed(() => {
    tick.value;
    return look();
  });
}
