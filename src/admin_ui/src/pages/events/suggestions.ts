/** What the fields of the filters offer. */

import { useState } from "preact/hooks";
import type { EventEntry, NodeEntry } from "@/core/wire.gen";
import { fleet } from "@/state/fleet";
import { usePolled } from "@/state/polled";

const MOST = 20;
const NODES_EVERY_MS = 30_000;

/** Ids of nodes with a text in them; asked of the hub once somebody types. */
export function useNodeIds(): { readonly ids: readonly string[]; readonly look: (text: string) => void } {
  const [text, setText] = useState<string | null>(null);
  const path = text === null ? null : `api/nodes?limit=${MOST}&q=${encodeURIComponent(text)}`;
  const { value } = usePolled<NodeEntry[]>(path, NODES_EVERY_MS);
  return { ids: value.value?.map((node) => node.node_id) ?? [], look: setText };
}

/** Backends of the store with a text in kind and name. Cost: one pass over the rows at most. */
export function backendTexts(text: string): string[] {
  const wanted = text.trim().toLowerCase();
  const found: string[] = [];
  for (const slot of fleet.store.slots()) {
    const name = `${fleet.store.kind(slot)}/${fleet.store.name(slot)}`;
    if (name.toLowerCase().includes(wanted)) {
      found.push(name);
    }
    if (found.length === MOST) {
      break;
    }
  }
  return found;
}

/** Who has done something, as far as is shown, and who usually does. */
export function actorsOf(events: readonly EventEntry[]): string[] {
  return [...new Set(["operator", "node", "hub", ...events.map((event) => event.actor)])];
}
