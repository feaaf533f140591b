/** The order stays as it is while somebody points at the list, or has the focus in it: nothing moves away from under a click. */

import { order } from "@/pages/backends/list_state";

const holders = new Set<"pointer" | "focus">();

/** Keep the order for one more reason, or for one less. */
export function holdOrder(by: "pointer" | "focus", holds: boolean): void {
  if (holds) {
    holders.add(by);
  } else {
    holders.delete(by);
  }
  if (holders.size > 0 && !order.frozen) {
    order.freeze();
  } else if (holders.size === 0 && order.frozen) {
    order.thaw();
  }
}

/** Order the rows as they are now; then the order stays again, as long as there is a reason. */
export function applyOrder(): void {
  order.thaw();
  if (holders.size > 0) {
    order.freeze();
  }
}
