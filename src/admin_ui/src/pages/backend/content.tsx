/** A backend as far as it is known: loading, there, gone, or not to be had. */

import { Problem } from "@/components/problem";
import { Skeleton } from "@/components/skeleton";
import { StatusBadge } from "@/components/status";
import { BackendBody } from "@/pages/backend/body";
import { useDetail } from "@/pages/backend/detail";
import { nameOfKey } from "@/pages/backend/key";
import { Missing } from "@/pages/backend/missing";
import { fleet } from "@/state/fleet";

const NOT_FOUND = 404;

/** Follows the backend of a key, and shows what there is of it. */
export function BackendContent({ backendKey }: { readonly backendKey: string }) {
  const detail = useDetail(backendKey);
  const backend = detail.value.value;
  const problem = detail.problem.value;
  if (problem?.status === NOT_FOUND) {
    return <Missing name={nameOfKey(backendKey)} />;
  }
  return (
    <>
      {problem && <Problem problem={problem} retry={detail.refresh} />}
      {backend ? <BackendBody backendKey={backendKey} backend={backend} /> : !problem && <Loading backendKey={backendKey} />}
    </>
  );
}

/** What the list knows already, until the nodes are there. */
function Loading({ backendKey }: { readonly backendKey: string }) {
  const { store } = fleet;
  const slot = store.slotOf(backendKey);
  return (
    <div class="backend-detail">
      {slot !== undefined && (
        <div class="backend-headline">
          <p class="backend-status">
            <StatusBadge status={store.status(slot)} stale={store.stale(slot) >= store.total(slot)} />
          </p>
          <p class="backend-why">{store.reason(slot)}</p>
        </div>
      )}
      <Skeleton rows={8} />
    </div>
  );
}
