/** How a backend is named where it is not a row. Pure. */

import { partsOf } from "@/core/store";
import type { BackendName } from "@/core/wire.gen";

/** Kind and name that a key stands for; a text that is no key is a name without a kind. */
export function nameOfKey(key: string): BackendName {
  return partsOf(key) ?? { kind: "", name: key };
}

/** A backend as the parameter `backend` of events and history. */
export function backendParam({ kind, name }: BackendName): string {
  return `backend=${encodeURIComponent(`${kind}/${name}`)}`;
}
