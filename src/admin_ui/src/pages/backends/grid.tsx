// biome-ignore-all lint/a11y/useSemanticElements: rows of a virtual list are placed one by one, which a table does not allow
/** The list itself: a grid that holds all rows that match, of which only those in view are in the document. */

import { useComputed, useSignalEffect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "@/core/i18n";
import { useGridKeys } from "@/pages/backends/grid_keys";
import { followPointer } from "@/pages/backends/grid_pointer";
import { GridView } from "@/pages/backends/grid_view";
import { Head } from "@/pages/backends/head";
import { followLatencies } from "@/pages/backends/latencies";
import { type PlacedColumn, placed, SELECT_WIDTH } from "@/pages/backends/layout";
import { areCards, columns, listWidth, order, pulse } from "@/pages/backends/list_state";
import { CARD_COLUMNS, CARD_HEIGHT, HEAD_HEIGHT, ROW_HEIGHTS } from "@/pages/backends/looks";
import { followScroll } from "@/pages/backends/scroll";
import { preferences } from "@/state/preferences";
import "@/pages/backends/cards.css";
import "@/pages/backends/grid.css";

/** The grid. It fills its place, and shows cards where that is narrow. */
export function Grid() {
  const scroller = useRef<HTMLDivElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<GridView | null>(null);
  const look = useComputed(() =>
    areCards.value
      ? { columns: CARD_COLUMNS, rowHeight: CARD_HEIGHT, headHeight: 0 }
      : {
          columns: placed(columns.value, listWidth.value - SELECT_WIDTH),
          rowHeight: ROW_HEIGHTS[preferences.value.density],
          headHeight: HEAD_HEIGHT,
        },
  );
  useLayoutEffect(() => followWidth(scroller.current), []);
  useSignalEffect(() => {
    // Read first: what is not read the first time, when there is no view yet, would never be followed.
    const latest = look.value;
    view.current?.setLook(latest);
  });
  const isMeasured = listWidth.value > 0;
  useLayoutEffect(() => {
    if (!isMeasured || scroller.current === null || host.current === null) {
      return undefined;
    }
    const started = new GridView(scroller.current, host.current, look.peek());
    view.current = started;
    const stops = [
      followPointer(host.current, started),
      followScroll(scroller.current, (top) => started.restore(top)),
      followLatencies(scroller.current, () => started.visible),
    ];
    started.start();
    return () => {
      for (const stop of stops) {
        stop();
      }
      started.stop();
      view.current = null;
    };
  }, [isMeasured, look]);
  const shown = look.value.columns;
  useGridKeys(host, view, shown.length + 1);
  pulse.value;
  return (
    <div
      ref={scroller}
      class={`backend-grid ${areCards.value ? "is-cards" : ""}`}
      role="grid"
      aria-label={t("backends.grid")}
      aria-rowcount={order.length + 1}
      aria-colcount={shown.length + 1}
      aria-multiselectable="true"
      style={{ "--columns": areCards.value ? "" : tracks(shown), "--card": `${CARD_HEIGHT}px` }}
    >
      <div role="rowgroup" class="backend-head-group">
        <Head columns={shown} />
      </div>
      <div ref={host} role="rowgroup" class="backend-body" />
    </div>
  );
}

function tracks(shown: readonly PlacedColumn[]): string {
  return [SELECT_WIDTH, ...shown.map((column) => column.width)].map((width) => `${width}px`).join(" ");
}

function followWidth(element: Element | null): () => void {
  if (element === null) {
    return () => undefined;
  }
  const measure = () => {
    listWidth.value = element.clientWidth;
  };
  measure();
  const observer = new ResizeObserver(measure);
  observer.observe(element);
  return () => observer.disconnect();
}
