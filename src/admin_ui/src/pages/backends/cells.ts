/**
 * The cells of a row. Each is made once, and then shows whichever backend its row stands for.
 *
 * They are elements that are written to, not components: 200 updates a second reach the few cells that are visible, and each of
 * these touches the document only if what it shows has changed.
 */

import { STATUS_SHAPES } from "@/components/status";
import { formatDuration, formatLatency, formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import type { Samples } from "@/core/samples";
import type { Intent } from "@/core/status";
import type { BackendStore } from "@/core/store";
import { chipsOf } from "@/pages/backends/chips";
import type { ColumnId } from "@/pages/backends/columns";
import { sparklinePath } from "@/pages/backends/sparkline";

/** Shows a backend in a cell; whether what it shows is news. */
export type Show = (slot: number) => boolean;

/** Fills a cell that is empty. */
export type MakeCell = (cell: HTMLElement, reads: CellReads) => Show;

/** What cells read. */
export interface CellReads {
  readonly store: BackendStore;
  readonly samples: Samples;
  /** The server's time, in milliseconds. */
  nowMs(): number;
  /** Width of a column, in pixels. */
  widthOf(id: ColumnId): number;
}

function textCell(read: (reads: CellReads, slot: number) => string): MakeCell {
  return (cell, reads) => {
    const text = document.createTextNode("");
    cell.append(text);
    return (slot) => written(text, read(reads, slot));
  };
}

function written(text: Text, value: string): boolean {
  if (text.data === value) {
    return false;
  }
  text.data = value;
  return true;
}

function numberCell(read: (reads: CellReads, slot: number) => number): MakeCell {
  return (cell, reads) => {
    const text = document.createTextNode("");
    cell.append(text);
    let shown = Number.NaN;
    return (slot) => {
      const value = read(reads, slot);
      if (value === shown) {
        return false;
      }
      shown = value;
      text.data = formatNumber(value);
      cell.classList.toggle("is-zero", value === 0);
      return true;
    };
  };
}

/** The name as a link to the full page, so that it can be opened in another tab. */
const nameCell: MakeCell = (cell, reads) => {
  const link = document.createElement("a");
  const text = document.createTextNode("");
  link.tabIndex = -1;
  link.append(text);
  cell.append(link);
  return (slot) => {
    const name = reads.store.name(slot);
    const address = `backends/${encodeURIComponent(reads.store.kind(slot))}/${encodeURIComponent(name)}`;
    if (link.getAttribute("href") !== address) {
      link.setAttribute("href", address);
    }
    return written(text, name);
  };
};

/** Shape, colour and word; the shape is drawn by the style. */
const statusCell: MakeCell = (cell, reads) => {
  const text = document.createTextNode("");
  cell.append(text);
  return (slot) => {
    const { store } = reads;
    const status = store.has(slot) ? store.status(slot) : "gone";
    const isStale = store.stale(slot) > 0 && store.stale(slot) === store.total(slot);
    cell.classList.toggle("is-stale", isStale);
    if (cell.dataset.status === status) {
      return false;
    }
    cell.dataset.status = status;
    cell.dataset.shape = status === "gone" ? "" : STATUS_SHAPES[status];
    return written(text, status === "gone" ? t("backends.gone") : t(`shell.status_${status}`));
  };
};

const INTENT_SHAPES: Readonly<Record<Intent, string>> = {
  enabled: "",
  draining: STATUS_SHAPES.draining,
  disabled: STATUS_SHAPES.disabled,
  mixed: "◧",
};

const intentCell: MakeCell = (cell, reads) => {
  const text = document.createTextNode("");
  cell.append(text);
  return (slot) => {
    const intent = reads.store.intent(slot);
    if (cell.dataset.intent === intent) {
      return false;
    }
    cell.dataset.intent = intent;
    cell.dataset.shape = INTENT_SHAPES[intent];
    return written(text, t(`shell.intent_${intent}`));
  };
};

/** A bar of three parts (available, taken out, missing) and the numbers. */
const nodesCell: MakeCell = (cell, reads) => {
  const bar = document.createElement("span");
  const text = document.createTextNode("");
  bar.className = "nodes-share";
  cell.append(bar, text);
  let shown = "";
  return (slot) => {
    const { store } = reads;
    const [available, total] = [store.available(slot), store.total(slot)];
    const withdrawn = Math.min(store.draining(slot) + store.disabled(slot), total - available);
    const value = `${available}/${total}/${withdrawn}`;
    if (value === shown) {
      return false;
    }
    shown = value;
    bar.style.setProperty("--available", `${percent(available, total)}%`);
    bar.style.setProperty("--wanted", `${percent(available + withdrawn, total)}%`);
    text.data = `${formatNumber(available)}/${formatNumber(total)}`;
    return true;
  };
};

function percent(part: number, total: number): number {
  return total > 0 ? Math.round((100 * part) / total) : 0;
}

const SVG = "http://www.w3.org/2000/svg";

const latencyCell: MakeCell = (cell, reads) => {
  const picture = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "path");
  const text = document.createTextNode("");
  picture.setAttribute("viewBox", "0 0 60 16");
  picture.setAttribute("aria-hidden", "true");
  picture.append(line);
  cell.append(picture, text);
  let [latency, seen, of] = [Number.NaN, -1, -1];
  return (slot) => {
    const revision = reads.samples.revision(slot);
    if (of !== slot || revision !== seen) {
      [of, seen] = [slot, revision];
      line.setAttribute("d", sparklinePath(reads.samples.values(slot)));
    }
    const value = reads.store.latency(slot);
    if (value === latency) {
      return false;
    }
    latency = value;
    text.data = formatLatency(value);
    return true;
  };
};

/** Shows something that also changes by itself, as time goes by: that is no news. */
function quietly(make: MakeCell): MakeCell {
  return (cell, reads) => {
    const show = make(cell, reads);
    return (slot) => {
      show(slot);
      return false;
    };
  };
}

function sinceOf(reads: CellReads, slot: number): string {
  return formatDuration(reads.nowMs() - reads.store.sinceMs(slot), 1);
}

function whyOf({ store }: CellReads, slot: number): string {
  const reason = store.reason(slot);
  const [stale, total] = [store.stale(slot), store.total(slot)];
  if (stale === 0) {
    return reason;
  }
  if (stale < total) {
    return reason || t("backends.partly_stale", { count: stale });
  }
  return reason ? t("backends.stale_reason", { reason }) : t("backends.stale");
}

/** As many operations as chips as fit, and how many more there are; a backend that lists none offers any. */
function chipsCell(id: ColumnId, read: (store: BackendStore, slot: number) => readonly string[]): MakeCell {
  return (cell, reads) => {
    let shown: readonly string[] | undefined;
    let width = 0;
    return (slot) => {
      const list = read(reads.store, slot);
      const room = reads.widthOf(id);
      if (list === shown && room === width) {
        return false;
      }
      shown = list;
      width = room;
      cell.replaceChildren(...chipsOf(list, room, t("backends.any_operation")));
      return true;
    };
  };
}

const listed = (values: readonly (string | number)[]): string => values.join(", ");

/** How each column is shown. */
export const CELLS: Readonly<Record<ColumnId, MakeCell>> = {
  name: nameCell,
  kind: textCell(({ store }, slot) => store.kind(slot)),
  status: statusCell,
  intent: intentCell,
  operations: chipsCell("operations", (store, slot) => store.operations(slot)),
  transports: textCell(({ store }, slot) => listed(store.transports(slot))),
  nodes: nodesCell,
  pending: numberCell(({ store }, slot) => store.pending(slot)),
  latency: latencyCell,
  why: textCell(whyOf),
  since: quietly(textCell(sinceOf)),
  models: textCell(({ store }, slot) => listed(store.models(slot))),
  weight: textCell(({ store }, slot) => listed(store.weights(slot))),
  priority: textCell(({ store }, slot) => listed(store.priorities(slot))),
  tags: textCell(({ store }, slot) => listed(store.tags(slot))),
  features: textCell(({ store }, slot) => listed(store.features(slot))),
};
