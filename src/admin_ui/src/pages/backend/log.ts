/** What the hub remembers of one backend. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { BackendName, EventEntry } from "@/core/wire.gen";
import { backendParam } from "@/pages/backend/key";
import { usePolled } from "@/state/polled";

/** Events of a backend, as far back as somebody has asked for. */
export interface BackendLog {
  /** Newest first; undefined until the hub has answered. */
  readonly events: readonly EventEntry[] | undefined;
  readonly hasOlder: boolean;
  readonly older: () => void;
}

const FIRST = 100;
const MORE_TIMES = 3;
/** What the hub gives at once at most. */
const MOST = 1000;
const EVERY_MS = 5_000;

/**
 * The events of a backend, kept up to date.
 *
 * @param version anything that changes with the backend: then the hub is asked at once
 */
export function useLog(name: BackendName, version: unknown): BackendLog {
  const [limit, setLimit] = useState(FIRST);
  const path = `api/events?${backendParam(name)}`;
  const { value, headers, refresh } = usePolled<EventEntry[]>(`${path}&limit=${limit}`, EVERY_MS);
  // What was there stays until there is more.
  const last = useRef<{ path: string; events: EventEntry[] } | null>(null);
  if (value.value) {
    last.current = { path, events: value.value };
  }
  const seen = useRef(version);
  useEffect(() => {
    if (seen.current !== version) {
      seen.current = version;
      refresh();
    }
  }, [version, refresh]);
  const hasNext = headers.value?.get("link")?.includes('rel="next"') ?? false;
  return {
    events: last.current?.path === path ? last.current.events : undefined,
    hasOlder: hasNext && limit < MOST,
    older: () => setLimit(Math.min(MOST, limit * MORE_TIMES)),
  };
}
