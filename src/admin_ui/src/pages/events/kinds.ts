/** The kinds of events: in which group each is, how grave, and which sentence tells it. Pure. */

import type { EventEntry } from "@/core/wire.gen";
import type { events } from "@/messages/en/events";

/** What happened. */
export type EventKind = EventEntry["kind"];

/** What events are about. */
export type EventGroup = "nodes" | "backends" | "operators" | "hub";

/** How grave an event is: its colour and its shape. */
export type EventTone = "bad" | "warn" | "ok" | "drain" | "plain";

/** Which kinds belong together, in the order of the filters. */
export const GROUPS: Readonly<Record<EventGroup, readonly EventKind[]>> = {
  nodes: [
    "node_unreachable",
    "node_suspect",
    "node_back",
    "node_joined",
    "node_restarted",
    "node_departed",
    "node_forgotten",
    "identity_conflict",
    "identity_settled",
    "report_refused",
    "audit_mismatch",
  ],
  backends: ["backend_status"],
  operators: ["batch", "wish_made", "wish_done", "node_deleted", "node_allowed"],
  hub: ["protection_on", "protection_off", "store_degraded", "store_back"],
};

/** The groups, in the order of the filters. */
export const GROUP_NAMES = ["nodes", "backends", "operators", "hub"] as const satisfies readonly EventGroup[];

const TONES: Readonly<Record<EventKind, EventTone>> = {
  node_joined: "ok",
  node_restarted: "plain",
  node_suspect: "warn",
  node_unreachable: "bad",
  node_back: "ok",
  node_departed: "plain",
  node_deleted: "drain",
  node_allowed: "plain",
  node_forgotten: "plain",
  identity_conflict: "warn",
  identity_settled: "ok",
  protection_on: "warn",
  protection_off: "ok",
  backend_status: "bad",
  wish_made: "drain",
  wish_done: "drain",
  batch: "drain",
  audit_mismatch: "warn",
  store_degraded: "bad",
  store_back: "ok",
  report_refused: "warn",
};

/** How grave an event is. A kind that this page does not know is plain. */
export function toneOf(event: EventEntry): EventTone {
  if (event.kind === "backend_status") {
    return STATUS_TONES[turnOf(event)];
  }
  if (event.facts.intent === "enabled" || event.facts.verb === "enable") {
    return "ok";
  }
  return Object.hasOwn(TONES, event.kind) ? TONES[event.kind] : "plain";
}

/** What a backend turned to: `draining` and `disabled` where operators took it out, which is no fault. */
type Turn = "available" | "unavailable" | "draining" | "disabled";

const STATUS_TONES: Readonly<Record<Turn, EventTone>> = {
  available: "ok",
  unavailable: "bad",
  draining: "drain",
  disabled: "plain",
};

function turnOf({ facts: { to, intent } }: EventEntry): Turn {
  if (to === "available") {
    return to;
  }
  return intent === "draining" || intent === "disabled" ? intent : "unavailable";
}

/** Messages that are sentences: of the keys in the catalogue, those that `sentenceOf` gives. */
export type SentenceKey = Extract<
  keyof typeof events,
  | Exclude<EventKind, "backend_status" | "wish_made" | "wish_done" | "batch">
  | `backend_${Turn}`
  | `${"wish" | "done"}_${"draining" | "disabled" | "enabled"}`
  | `batch_${"drain" | "disable" | "enable" | "restore"}`
  | "other"
>;

const INTENTS = ["draining", "disabled", "enabled"] as const;
const VERBS = ["drain", "disable", "enable", "restore"] as const;

/** The sentence that tells an event; `other` for a kind that this page does not know. */
export function sentenceOf(event: EventEntry): SentenceKey {
  const { kind, facts } = event;
  if (kind === "backend_status") {
    return `backend_${turnOf(event)}`;
  }
  const intent = INTENTS.find((one) => one === facts.intent);
  if (kind === "wish_made") {
    return intent ? `wish_${intent}` : "other";
  }
  if (kind === "wish_done") {
    return intent ? `done_${intent}` : "other";
  }
  const verb = VERBS.find((one) => one === facts.verb);
  if (kind === "batch") {
    return verb ? `batch_${verb}` : "other";
  }
  return Object.hasOwn(TONES, kind) ? kind : "other";
}

/** The kinds that the parameter `kind` of an address names: kinds and groups, with commas between them. Empty is all. */
export function kindsFrom(text: string): Set<EventKind> {
  const wanted = new Set(text.split(","));
  const kinds = GROUP_NAMES.flatMap((group) => GROUPS[group].filter((kind) => wanted.has(group) || wanted.has(kind)));
  return new Set(kinds);
}

/** The parameter for some kinds: a whole group is named by its name. Null for none and for all. */
export function kindsParam(kinds: ReadonlySet<EventKind>): string | null {
  const all = GROUP_NAMES.flatMap((group) => GROUPS[group]);
  if (kinds.size === 0 || all.every((kind) => kinds.has(kind))) {
    return null;
  }
  return GROUP_NAMES.flatMap((group) => {
    const own = GROUPS[group].filter((kind) => kinds.has(kind));
    return own.length === GROUPS[group].length ? [group] : own;
  }).join(",");
}
