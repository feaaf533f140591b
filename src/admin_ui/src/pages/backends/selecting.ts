/** Choosing backends, and what can be done with those that are chosen. */

import { copyText } from "@/components/copy_button";
import { t } from "@/core/i18n";
import { type BulkVerb, openBulk } from "@/pages/backends/bulk";
import { cursor, order, selection } from "@/pages/backends/list_state";
import { fleet } from "@/state/fleet";
import { say } from "@/state/toasts";

/** Choose the row if it is not chosen, and else not any more. */
export function toggleRow(slot: number): void {
  selection.toggle(slot);
}

/** Choose the rows from the one that was chosen last to this one. */
export function selectTo(slot: number): void {
  selection.extendTo(order, order.indexOf(slot));
}

/** Choose all rows that are shown; or none of them, if all are. */
export function toggleShown(): void {
  if (selection.countIn(order) === order.length) {
    selection.remove(order.rows);
  } else {
    selection.add(order.rows);
  }
}

/** Ask whether to do this with what is chosen, or else with the row of the cursor. Nothing without either. */
export function steerSelected(verb: BulkVerb): void {
  const slots = selection.size > 0 ? selection.slots() : cursorSlots();
  if (slots.length > 0) {
    const targets = slots.map((slot) => ({ kind: fleet.store.kind(slot), name: fleet.store.name(slot) }));
    openBulk({ verb, targets });
  }
}

/** Put the names of what is chosen on the clipboard, one a line, in the order in which they were chosen. */
export async function copyNames(): Promise<void> {
  const names = selection.slots().map((slot) => fleet.store.name(slot));
  const done = await copyText(names.join("\n"));
  say(
    done
      ? { text: t("backends.copied", { count: names.length }), tone: "ok" }
      : { text: t("backends.copy_failed"), tone: "bad" },
  );
}

function cursorSlots(): readonly number[] {
  const at = cursor.peek();
  const slot = at === undefined ? undefined : fleet.store.slotOf(at.key);
  return slot === undefined ? [] : [slot];
}
