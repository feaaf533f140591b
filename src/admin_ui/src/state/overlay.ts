/** What lies over the page: the palette or the list of keys; and what the palette can do on the page that is shown. */
import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";

/** Something that can be done now, chosen by its words. */
export interface Action {
  readonly id: string;
  readonly label: string;
  /** The key that does the same. */
  readonly keys?: string;
  readonly run: () => void;
}

/** What is open. */
export const overlay = signal<"palette" | "help" | null>(null);

/** What the parts of the page that are shown offer to do, by part. */
export const offered = signal<ReadonlyMap<string, readonly Action[]>>(new Map());

/**
 * Dialogs that parts of the page bring along, each of which shows nothing while it is closed. The frame draws them: in a tree of
 * their own they would get ids that are taken.
 */
export const dialogs = signal<readonly ComponentType[]>([]);

/** Offer actions in the palette while the component is there. Keep the array as long as its actions are the same. */
export function useActions(part: string, actions: readonly Action[]): void {
  useEffect(() => {
    offered.value = new Map(offered.peek()).set(part, actions);
    return () => {
      const rest = new Map(offered.peek());
      rest.delete(part);
      offered.value = rest;
    };
  }, [part, actions]);
}
