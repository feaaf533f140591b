/** The nodes of the fleet, as far as the overview needs them. */
import { type ReadonlySignal, useComputed } from "@preact/signals";
import type { NodeEntry } from "@/core/wire.gen";
import { type Polled, usePolled } from "@/state/polled";

const EVERY_MS = 3000;
const SHOWN_MOST = 50;
const LOOKED_AT = 20;

/** How the nodes stand, as much as an overview needs: counts, and those that something is wrong with. */
export interface FleetNodes {
  readonly live: ReadonlySignal<number>;
  readonly suspect: ReadonlySignal<number>;
  readonly unreachable: ReadonlySignal<number>;
  readonly departed: ReadonlySignal<number>;
  /** All of these; not those that were deleted or forgotten. */
  readonly total: ReadonlySignal<number>;
  /** Whether the counts are known. */
  readonly known: ReadonlySignal<boolean>;
  /** Those that have been silent for too long, the longest first; not all if there are many. */
  readonly silent: ReadonlySignal<readonly NodeEntry[]>;
  /** Those on which the most backends are missing. */
  readonly worst: Polled<readonly NodeEntry[]>;
}

/** The nodes of the fleet in numbers. Costs four small requests every 3 seconds however many nodes there are, most of them unchanged. */
export function useFleetNodes(): FleetNodes {
  const worst = usePolled<readonly NodeEntry[]>(`api/nodes?sort=unavailable&limit=${LOOKED_AT}`, EVERY_MS);
  const suspects = useStanding("suspect");
  const gone = useStanding("unreachable");
  const left = useStanding("departed");
  const suspect = useComputed(() => countOf(suspects));
  const unreachable = useComputed(() => countOf(gone));
  const departed = useComputed(() => countOf(left));
  const total = useComputed(() => countOf(worst));
  const live = useComputed(() => Math.max(total.value - suspect.value - unreachable.value - departed.value, 0));
  const known = useComputed(() => [worst, suspects, gone, left].every((polled) => polled.headers.value !== undefined));
  const silent = useComputed(() => [...(gone.value.value ?? []), ...(suspects.value.value ?? [])]);
  return { total, live, suspect, unreachable, departed, known, silent, worst };
}

function useStanding(standing: NodeEntry["standing"]): Polled<readonly NodeEntry[]> {
  return usePolled<readonly NodeEntry[]>(`api/nodes?standing=${standing}&sort=silence&limit=${SHOWN_MOST}`, EVERY_MS);
}

function countOf(polled: Polled<readonly NodeEntry[]>): number {
  return Number(polled.headers.value?.get("x-total-count") ?? 0);
}
