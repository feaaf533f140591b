/** A page of the hub's log. New events wait until somebody wants to see them, so that nothing moves under who reads. */

import { useRef, useState } from "preact/hooks";
import type { EventEntry } from "@/core/wire.gen";
import { type EventFilter, eventsPath } from "@/pages/events/filter";
import type { HttpProblem } from "@/state/http";
import { usePolled } from "@/state/polled";

/** Events on a page. */
export const PAGE_SIZE = 100;
const EVERY_MS = 3_000;

/** What is shown, and what waits. */
export interface EventLog {
  /** Newest first; undefined until the hub has answered. */
  readonly events: readonly EventEntry[] | undefined;
  /** How many fit the filter in all, on whichever page. */
  readonly total: number;
  /** How many new ones wait; `PAGE_SIZE` stands for that many and more. */
  readonly waiting: number;
  readonly hasOlder: boolean;
  readonly problem: HttpProblem | undefined;
  /** Show what waits. */
  readonly show: () => void;
  readonly refresh: () => void;
}

interface Shown {
  readonly path: string;
  readonly events: readonly EventEntry[];
  readonly headers: Headers | undefined;
}

/** The events of a filter. The newest page is asked for again and again, older ones do not change. */
export function useEventLog(filter: EventFilter): EventLog {
  const path = eventsPath(filter, PAGE_SIZE);
  const polled = usePolled<EventEntry[]>(path, filter.before === null ? EVERY_MS : 0);
  const latest = polled.value.value;
  const headers = polled.headers.value;
  const [, redraw] = useState(0);
  const shown = useRef<Shown | null>(null);
  const fresh = latest && { path, events: latest, headers };
  if (fresh && (shown.current?.path !== path || shown.current.events.length === 0)) {
    shown.current = fresh;
  }
  const present = shown.current?.path === path ? shown.current : undefined;
  const newest = present?.events[0]?.seq ?? 0;
  return {
    events: present?.events,
    total: Number(headers?.get("x-total-count") ?? present?.events.length ?? 0),
    waiting: latest?.filter((event) => event.seq > newest).length ?? 0,
    hasOlder: present?.headers?.get("link")?.includes('rel="next"') ?? false,
    problem: polled.problem.value,
    show: () => {
      shown.current = fresh ?? null;
      redraw((count) => count + 1);
    },
    refresh: polled.refresh,
  };
}
