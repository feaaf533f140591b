/** The top of a page: its heading, what can be counted, and what can be done. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "@/core/i18n";
import { arrival, place, restoreFocus } from "@/state/place";
import "./page_head.css";

interface PageHeadProps {
  readonly title: string;
  /** What is shown of the title, where it is more than a text. */
  readonly heading?: ComponentChildren | undefined;
  readonly counts?: ComponentChildren | undefined;
  readonly actions?: ComponentChildren | undefined;
}

let last = "";

/** Give the focus to the heading of a place, once for each time that somebody comes there. */
function focusOnce(here: string, heading: HTMLElement | null): void {
  const how = arrival.peek();
  if (here !== last && (how === "went" || (how === "back" && !restoreFocus()))) {
    heading?.focus({ preventScroll: true });
  }
  last = here;
}

/**
 * The heading of a page, one on each. It gives the document its title, and gets the focus when somebody has come from another
 * page, so that a screen reader begins there; on the way back the focus goes to where it was.
 */
export function PageHead({ title, heading, counts, actions }: PageHeadProps) {
  const element = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = t("shell.document_title", { page: title });
  }, [title]);
  const { page, path } = place.value;
  const here = [page, ...path].join("/");
  useEffect(() => {
    focusOnce(here, element.current);
  }, [here]);
  return (
    <header class="page-head">
      <h1 ref={element} tabIndex={-1}>
        {heading ?? title}
      </h1>
      {counts === undefined ? null : <div class="page-counts">{counts}</div>}
      {actions === undefined ? null : <div class="page-actions">{actions}</div>}
    </header>
  );
}
