/** The frame around all pages: the bar at the top, the navigation, what has to be known, and the page itself. */
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "@/components/icon";
import { KeyHint } from "@/components/key_hint";
import { Link } from "@/components/link";
import { Toasts } from "@/components/toasts";
import { t } from "@/core/i18n";
import { Banners } from "@/shell/banners";
import { ConnectionBadge } from "@/shell/connection_badge";
import { Account, ThemeSwitch, ZoneSwitch } from "@/shell/controls";
import { useShellKeys } from "@/shell/keys";
import { Navigation } from "@/shell/navigation";
import { announcement } from "@/state/announce";
import { capabilities } from "@/state/capabilities";
import { lazy } from "@/state/lazy";
import { dialogs, overlay } from "@/state/overlay";
import { arrival, keep, kept, place } from "@/state/place";
import { isViewer } from "@/state/session";
import "./shell.css";

const Palette = lazy(() => import("@/components/palette"), "palette");
const Help = lazy(() => import("@/components/help"), "help");

const SCROLL_KEPT_AFTER_MS = 200;
const RESTORE_FRAMES = 30;

function TopBar() {
  const hub = capabilities.value?.hub_id;
  return (
    <header class="bar">
      <Link to={{ page: "overview" }} class="bar-name">
        {t("shell.product")}
      </Link>
      <span class="bar-hub cut" title={hub === undefined ? undefined : t("shell.hub_id", { id: hub })}>
        {location.host}
      </span>
      {isViewer.value ? (
        <span class="bar-role" title={t("shell.read_only")}>
          {t("shell.read_only_short")}
        </span>
      ) : null}
      <button
        type="button"
        class="bar-search"
        aria-label={t("shell.search")}
        aria-keyshortcuts="Control+K"
        onClick={() => (overlay.value = "palette")}
      >
        <Icon name="search" />
        <span class="bar-search-words">{t("shell.search")}</span>
        <KeyHint keys="Ctrl+k" />
      </button>
      <ConnectionBadge />
      <div class="bar-controls">
        <span class="bar-zone">
          <ZoneSwitch />
        </span>
        <ThemeSwitch />
        <Account />
      </div>
    </header>
  );
}

/** Scroll to where somebody was when they come back to a place, and to its beginning when they come anew. */
function restoreScroll(main: HTMLElement, here: string): void {
  const isBack = arrival.peek() === "back";
  const wanted = isBack ? Number(kept("scroll") ?? 0) : 0;
  let frames = isBack ? RESTORE_FRAMES : 1;
  const isFirst = main.dataset.place === undefined;
  main.dataset.place = here;
  if (isFirst && wanted === 0) {
    // It is there already; to scroll would only lay out what is not complete yet.
    return;
  }
  const step = () => {
    // What is loaded late makes the page longer: try for half a second.
    frames -= 1;
    main.scrollTo({ top: wanted });
    if (frames > 0 && main.scrollTop < wanted && main.dataset.place === here) {
      requestAnimationFrame(step);
    }
  };
  step();
}

/** Keep how far the page is scrolled in its entry of the history, a moment after it was. */
function keepScroll(main: HTMLElement): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onScroll = () => {
    clearTimeout(timer);
    timer = setTimeout(() => keep("scroll", Math.round(main.scrollTop)), SCROLL_KEPT_AFTER_MS);
  };
  main.addEventListener("scroll", onScroll, { passive: true });
  return () => {
    clearTimeout(timer);
    main.removeEventListener("scroll", onScroll);
  };
}

/** The element that scrolls, which remembers how far for each entry of the history. */
function useScroll(): RefObject<HTMLElement | null> {
  const main = useRef<HTMLElement>(null);
  const { page, path } = place.value;
  const here = [page, ...path].join("/");
  useLayoutEffect(() => {
    if (main.current !== null) {
      restoreScroll(main.current, here);
    }
  }, [here]);
  useEffect(() => (main.current === null ? undefined : keepScroll(main.current)), []);
  return main;
}

/** The frame; `children` is the page. */
export function Shell({ children }: { readonly children: ComponentChildren }) {
  const main = useScroll();
  useShellKeys();
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        {t("shell.skip")}
      </button>
      <TopBar />
      <Navigation />
      <div class="content">
        <Banners />
        <main id="main" ref={main} tabIndex={-1}>
          {children}
        </main>
      </div>
      <div class="hidden-visually" role="status" aria-live="polite">
        {announcement}
      </div>
      <Toasts />
      {overlay.value === "palette" ? <Palette /> : null}
      {overlay.value === "help" ? <Help /> : null}
      {dialogs.value.map((Part) => (
        <Part key={Part} />
      ))}
    </div>
  );
}
