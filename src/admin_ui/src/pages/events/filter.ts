/** Which events are wanted: as the address says it, and as the hub is asked. Pure. */

import type { ParamsPatch } from "@/core/address";
import { type EventKind, kindsFrom, kindsParam } from "@/pages/events/kinds";

/** What is wanted; a field that is empty wants all. */
export interface EventFilter {
  readonly kinds: ReadonlySet<EventKind>;
  readonly node: string;
  /** Kind and name with a slash between them. */
  readonly backend: string;
  readonly actor: string;
  /** Only events with a smaller number; null for the newest. */
  readonly before: number | null;
}

/** Kind and name with a slash between them, as the hub takes it. */
const BACKEND = /^[^/]+\/.+$/;
const NUMBER = /^\d{1,16}$/;

/** Whether a text names a backend, or none. */
export function isBackendText(text: string): boolean {
  return text === "" || BACKEND.test(text);
}

/** The filter that the parameters of an address mean. What makes no sense is left out. */
export function filterFrom(params: URLSearchParams): EventFilter {
  const text = (name: string) => params.get(name)?.trim() ?? "";
  const backend = text("backend");
  const before = text("before");
  return {
    kinds: kindsFrom(text("kind")),
    node: text("node"),
    backend: isBackendText(backend) ? backend : "",
    actor: text("actor"),
    before: NUMBER.test(before) ? Number(before) : null,
  };
}

/** The parameters for some fields of a filter. Another filter begins at the newest events. */
export function filterPatch(change: Partial<Omit<EventFilter, "before">>): ParamsPatch {
  const { kinds, ...texts } = change;
  return { ...texts, ...(kinds === undefined ? {} : { kind: kindsParam(kinds) }), before: null };
}

/** Whether anything is left out. */
export function isFiltered({ kinds, node, backend, actor }: EventFilter): boolean {
  return kinds.size > 0 || node !== "" || backend !== "" || actor !== "";
}

/** Where the hub is asked for these events. */
export function eventsPath(filter: EventFilter, limit: number): string {
  const query = new URLSearchParams({ limit: String(limit) });
  if (filter.kinds.size > 0) {
    query.set("kind", [...filter.kinds].join(","));
  }
  for (const name of ["node", "backend", "actor"] as const) {
    if (filter[name] !== "") {
      query.set(name, filter[name]);
    }
  }
  if (filter.before !== null) {
    query.set("before", String(filter.before));
  }
  return `api/events?${query}`;
}
