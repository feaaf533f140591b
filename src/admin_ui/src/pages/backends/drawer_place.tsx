// biome-ignore-all lint/a11y/useSemanticElements: a separator that is moved is no line
/** The place beside the list where the drawer is: how wide it is, and what it shows. */

import { useSignal } from "@preact/signals";
import { t } from "@/core/i18n";
import { partsOf } from "@/core/store";
import { cursor, indexOfKey, open, openKey, order } from "@/pages/backends/list_state";
import { fleet } from "@/state/fleet";
import { lazy } from "@/state/lazy";
import { prefer, preferences } from "@/state/preferences";

const BackendDrawer = lazy(() => import("@/pages/backend/drawer"), "backend", "chart", "events");

const NARROWEST = 320;
const WIDEST = 900;
const USUAL = 384;
const STEP = 16;

/** The drawer with its handle; nothing while it is closed. */
export function DrawerPlace() {
  const dragged = useSignal(0);
  const key = openKey.value;
  const parts = key === null ? undefined : partsOf(key);
  if (key === null || parts === undefined) {
    return null;
  }
  const width = dragged.value || preferences.value.drawerWidth || USUAL;
  const close = () => {
    open(null);
    focusRow();
  };
  return (
    <div class="drawer-place" style={{ "--drawer": `${width}px` }}>
      <div
        class="drawer-handle"
        role="separator"
        aria-orientation="vertical"
        aria-label={t("backends.drawer_resize")}
        aria-valuenow={width}
        aria-valuemin={NARROWEST}
        aria-valuemax={WIDEST}
        tabIndex={0}
        onKeyDown={(event) => {
          const by = { ArrowLeft: STEP, ArrowRight: -STEP }[event.key];
          if (by !== undefined) {
            event.preventDefault();
            prefer({ drawerWidth: within(width + by * signOf(event.currentTarget)) });
          }
        }}
        onPointerDown={(event) => drag(event, width, dragged)}
      />
      <BackendDrawer backendKey={key} onClose={close} onPrevious={stepTo(key, -1)} onNext={stepTo(key, 1)} />
    </div>
  );
}

/** What goes to the neighbour in the list; undefined if there is none. */
function stepTo(key: string, by: number): () => void {
  return () => {
    const index = indexOfKey(key);
    const slot = index < 0 ? undefined : order.at(index + by);
    if (slot !== undefined) {
      const next = fleet.store.key(slot);
      cursor.value = { key: next, column: cursor.peek()?.column ?? 1 };
      open(next);
    }
  };
}

function focusRow(): void {
  document.querySelector<HTMLElement>(".backend-row.is-cursor [tabindex='0']")?.focus({ preventScroll: true });
}

function within(width: number): number {
  return Math.round(Math.max(NARROWEST, Math.min(WIDEST, width)));
}

/** The handle is at the beginning of the drawer: what moves it towards the list makes the drawer wider. */
function signOf(handle: Element): 1 | -1 {
  return getComputedStyle(handle).direction === "rtl" ? -1 : 1;
}

function drag(event: PointerEvent & { readonly currentTarget: HTMLElement }, width: number, dragged: { value: number }): void {
  const handle = event.currentTarget;
  const sign = signOf(handle);
  event.preventDefault();
  handle.setPointerCapture(event.pointerId);
  const move = (moved: PointerEvent) => {
    dragged.value = within(width - sign * (moved.clientX - event.clientX));
  };
  const end = () => {
    handle.removeEventListener("pointermove", move);
    if (dragged.value > 0) {
      prefer({ drawerWidth: dragged.value });
      dragged.value = 0;
    }
  };
  handle.addEventListener("pointermove", move);
  handle.addEventListener("lostpointercapture", end, { once: true });
}
