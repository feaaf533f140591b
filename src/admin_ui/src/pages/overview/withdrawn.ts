/** Which backends operators have taken out together. Pure. */
import { type BackendStore, keyOf } from "@/core/store";
import type { DesiredEntry, EventEntry } from "@/core/wire.gen";

/** Backends that operators have taken out together: with one verb, for one reason. */
export interface Withdrawal {
  readonly intent: "draining" | "disabled";
  /** Empty if nobody said, as when it was done at the node itself. */
  readonly reason: string;
  /** Who did it; undefined if it is not known. */
  readonly actor: string | undefined;
  /** Names, in the order of the fleet. */
  readonly names: readonly string[];
  /** Key of the only backend; undefined if there are several. */
  readonly key: string | undefined;
  /** The nodes that it is about, as far as the hub was asked for it. */
  readonly nodes: readonly string[];
  /** Requests that are still in flight on backends that are out wholly. */
  readonly pending: number;
  /** Wishes that nodes have not yet dealt with. */
  readonly open: number;
  /** When it was first wished; undefined if it is not known. */
  readonly sinceMs: number | undefined;
}

interface Gathered {
  readonly intent: "draining" | "disabled";
  readonly reason: string;
  readonly slots: number[];
  readonly wishes: DesiredEntry[];
}

/** What operators have taken out, what drains first, then what is largest. Cost: one look at each backend. */
export function withdrawals(
  store: BackendStore,
  desired: readonly DesiredEntry[],
  events: readonly EventEntry[],
): Withdrawal[] {
  const wishes = wishesByKey(desired);
  const groups = new Map<string, Gathered>();
  for (const slot of store.slots()) {
    const intent = intentOf(store, slot);
    if (intent === undefined) {
      continue;
    }
    const own = (wishes.get(store.key(slot)) ?? []).filter((wish) => wish.intent === intent);
    const reason = own[0]?.reason ?? "";
    const id = `${intent}\n${reason}`;
    const group = groups.get(id) ?? { intent, reason, slots: [], wishes: [] };
    groups.set(id, group);
    group.slots.push(slot);
    group.wishes.push(...own);
  }
  return [...groups.values()].map((group) => withdrawal(store, group, events)).sort(drainingFirst);
}

function intentOf(store: BackendStore, slot: number): "draining" | "disabled" | undefined {
  if (store.draining(slot) > 0) {
    return "draining";
  }
  return store.disabled(slot) > 0 ? "disabled" : undefined;
}

/** Of each backend of each node the last wish, if it is not that it be enabled. */
function wishesByKey(desired: readonly DesiredEntry[]): Map<string, DesiredEntry[]> {
  const last = new Map<string, DesiredEntry>();
  for (const wish of desired) {
    const place = `${wish.node_id}\n${wish.id}`;
    if ((last.get(place)?.generation ?? -1) < wish.generation) {
      last.set(place, wish);
    }
  }
  const byKey = new Map<string, DesiredEntry[]>();
  for (const wish of last.values()) {
    if (wish.kind === null || wish.name === null || wish.intent === "enabled") {
      continue;
    }
    const key = keyOf(wish.kind, wish.name);
    byKey.set(key, [...(byKey.get(key) ?? []), wish]);
  }
  return byKey;
}

function withdrawal(store: BackendStore, group: Gathered, events: readonly EventEntry[]): Withdrawal {
  const { intent, reason, slots, wishes } = group;
  const [only] = slots;
  const whole = slots.filter((slot) => store.draining(slot) + store.disabled(slot) >= store.total(slot));
  return {
    intent,
    reason,
    actor: actorOf(wishes, events),
    names: slots.map((slot) => store.name(slot)),
    key: slots.length === 1 && only !== undefined ? store.key(only) : undefined,
    nodes: [...new Set(wishes.map((wish) => wish.node_id))].sort(),
    pending: whole.reduce((sum, slot) => sum + store.pending(slot), 0),
    open: wishes.filter((wish) => wish.state === "open").length,
    sinceMs: wishes.length > 0 ? Math.min(...wishes.map((wish) => Date.parse(wish.since))) : undefined,
  };
}

/** Whoever made one of these wishes, as the events say. */
function actorOf(wishes: readonly DesiredEntry[], events: readonly EventEntry[]): string | undefined {
  const made = new Set(wishes.map((wish) => `${wish.node_id}\n${wish.generation}`));
  return events.find((event) => event.kind === "wish_made" && made.has(`${event.node}\n${event.facts.generation}`))?.actor;
}

function drainingFirst(a: Withdrawal, b: Withdrawal): number {
  return Number(b.intent === "draining") - Number(a.intent === "draining") || b.names.length - a.names.length;
}
