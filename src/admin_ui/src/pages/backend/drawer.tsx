/** One backend beside the list; a sheet over it in a narrow window. */

import { useEffect, useId, useRef } from "preact/hooks";
import { Button } from "@/components/button";
import { Link } from "@/components/link";
import { t } from "@/core/i18n";
import { BackendContent } from "@/pages/backend/content";
import { nameOfKey } from "@/pages/backend/key";
import { HeadingLevel } from "@/pages/backend/section";
import { place } from "@/state/place";
import "./drawer.css";

/** Which backend is shown, and what leads away from it. */
export interface BackendDrawerProps {
  /** As `keyOf` writes it. */
  readonly backendKey: string;
  readonly onClose: () => void;
  /** To the one before or after in the list; left out at its ends. */
  readonly onPrevious?: (() => void) | undefined;
  readonly onNext?: (() => void) | undefined;
}

/** Parameters of the list that its order comes from; with them the page of a backend knows which is next. */
const ORDER_PARAMS = ["q", "sort"] as const;

/** A region that fills the room that it is given. It takes no focus from the list, but where it covers it. */
export default function BackendDrawer({ backendKey, onClose, onPrevious, onNext }: BackendDrawerProps) {
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  const { kind, name } = nameOfKey(backendKey);
  useEffect(() => {
    if (matchMedia(SHEET).matches) {
      heading.current?.focus({ preventScroll: true });
    }
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    const act = actionFor(event, { onClose, onPrevious, onNext });
    // Escape closes what is open over the drawer first.
    const isOver = event.key === "Escape" && document.querySelector(":popover-open") !== null;
    if (act && !isOver && !event.defaultPrevented) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  };
  return (
    <aside class="drawer" aria-labelledby={id} onKeyDown={onKeyDown}>
      <header class="drawer-head">
        <h2 ref={heading} id={id} class="drawer-title" tabIndex={-1}>
          <span class="hidden-visually">{t("backend.drawer")} </span>
          {name}
        </h2>
        <span class="muted">{kind}</span>
        <div class="drawer-tools">
          <Button kind="ghost" icon="up" label={t("backend.previous")} disabled={!onPrevious} onClick={onPrevious} />
          <Button kind="ghost" icon="down" label={t("backend.next")} disabled={!onNext} onClick={onNext} />
          <Link
            to={{ page: "backends", path: [kind, name], params: orderParams() }}
            class="button button-plain"
            title={t("backend.open_hint")}
          >
            {t("backend.open")}
          </Link>
          <Button kind="ghost" icon="close" label={t("backend.close")} onClick={onClose} />
        </div>
      </header>
      <div key={backendKey} class="drawer-content">
        <HeadingLevel.Provider value={3}>
          <BackendContent backendKey={backendKey} />
        </HeadingLevel.Provider>
      </div>
    </aside>
  );
}

const SHEET = "(width < 800px)";

function orderParams(): Record<string, string> {
  const { params } = place.value;
  return Object.fromEntries(ORDER_PARAMS.flatMap((name) => (params.has(name) ? [[name, params.get(name) ?? ""]] : [])));
}

function actionFor(event: KeyboardEvent, actions: Pick<BackendDrawerProps, "onClose" | "onPrevious" | "onNext">) {
  if (event.key === "Escape") {
    return actions.onClose;
  }
  if (!event.altKey) {
    return undefined;
  }
  return event.key === "ArrowUp" ? actions.onPrevious : event.key === "ArrowDown" ? actions.onNext : undefined;
}
