/** The nodes of a backend as a table, a page of them at a time; a row opens to say the rest. */

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { Button } from "@/components/button";
import { Link } from "@/components/link";
import { IntentBadge, StatusBadge } from "@/components/status";
import { Toggle } from "@/components/toggle";
import { formatLatency, formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import { NodeMore } from "@/pages/backend/node_more";
import type { NodeRow } from "@/pages/backend/node_rows";
import { useRoom } from "@/pages/backend/size";
import "./node_table.css";

/** What is shown. */
export interface NodeTableProps {
  readonly rows: readonly NodeRow[];
}

/** From these widths on, in px, there is a column for why and what is wanted, and one for each field. */
const ROOMS = [560, 960] as const;
/** Rows at a time, where there is little room, and where there is more. */
const FEW = 8;
const MANY = 20;

/** The rows, with as many columns as there is room for. */
export function NodeTable({ rows }: NodeTableProps) {
  const [first, setFirst] = useState(0);
  const holder = useRef<HTMLDivElement>(null);
  const columns = COLUMNS[useRoom(holder, ROOMS)] ?? NARROW;
  const most = columns === NARROW ? FEW : MANY;
  // Nodes may have gone meanwhile, and with them the page that was shown.
  const from = Math.min(first, most * Math.floor(Math.max(0, rows.length - 1) / most));
  const shown = rows.slice(from, from + most);
  return (
    <div ref={holder}>
      <table class="node-table">
        <thead>
          <tr>
            <th scope="col">{t("backend.node")}</th>
            {columns.map((column) => (
              <th key={column.word} scope="col" class={column.class === "num" ? "num" : undefined}>
                {t(column.word)}
              </th>
            ))}
            <th scope="col">
              <span class="hidden-visually">{t("backend.details")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <Row key={row.node.node_uuid} row={row} columns={columns} />
          ))}
        </tbody>
      </table>
      {rows.length > most && <Pages from={from} most={most} count={rows.length} onMove={setFirst} />}
    </div>
  );
}

interface Column {
  readonly word:
    | "backend.status"
    | "backend.reason"
    | "backend.intent"
    | "backend.pending"
    | "backend.latency"
    | "backend.weight"
    | "backend.priority"
    | "backend.url";
  readonly class?: string;
  readonly cell: (row: NodeRow) => ComponentChildren;
}

const STATUS: Column = {
  word: "backend.status",
  cell: ({ node, status }) => <StatusBadge status={status} stale={node.stale} />,
};
/** With the reason beneath, where it has no column of its own. */
const STATUS_WHY: Column = {
  word: "backend.status",
  class: "node-standing",
  cell: (row) => (
    <>
      {STATUS.cell(row)}
      {row.node.status_reason && (
        <div class="muted" title={row.node.status_reason}>
          {row.node.status_reason}
        </div>
      )}
    </>
  ),
};
const WHY: Column = {
  word: "backend.reason",
  class: "node-why",
  cell: ({ node }) => <span title={node.status_reason}>{node.status_reason || <span class="muted">–</span>}</span>,
};
const WANTED: Column = { word: "backend.intent", cell: ({ node }) => <IntentBadge intent={node.intent} /> };
const PENDING: Column = { word: "backend.pending", class: "num", cell: ({ node }) => formatNumber(node.pending) };
const LATENCY: Column = { word: "backend.latency", class: "num", cell: ({ node }) => formatLatency(node.avg_latency_ms) };
const WEIGHT: Column = { word: "backend.weight", class: "num", cell: ({ node }) => formatNumber(node.weight) };
const PRIORITY: Column = { word: "backend.priority", class: "num", cell: ({ node }) => formatNumber(node.priority) };
const ADDRESS: Column = {
  word: "backend.url",
  class: "node-url mono",
  cell: ({ node }) => <span title={node.base_url}>{node.base_url}</span>,
};

const NARROW: readonly Column[] = [STATUS_WHY, PENDING, LATENCY];
const COLUMNS: Readonly<Record<number, readonly Column[]>> = {
  560: [STATUS, WHY, WANTED, PENDING, LATENCY],
  960: [STATUS, WHY, WANTED, PENDING, LATENCY, WEIGHT, PRIORITY, ADDRESS],
};

interface RowProps {
  readonly row: NodeRow;
  readonly columns: readonly Column[];
}

function Row({ row, columns }: RowProps) {
  const [open, setOpen] = useState(false);
  const { node } = row;
  const showsAll = columns.includes(ADDRESS);
  const instances = node.instances?.length ?? 0;
  const hasMore = !showsAll || instances > 0;
  return (
    <>
      <tr class="node-row">
        <th scope="row">
          <Link to={{ page: "nodes", path: [node.node_uuid] }} class="mono" title={node.node_uuid}>
            {node.node_uuid}
          </Link>
          {instances > 1 && <span class="muted"> {t("backend.instances", { count: instances })}</span>}
        </th>
        {columns.map((column) => (
          <td key={column.word} class={column.class}>
            {column.cell(row)}
          </td>
        ))}
        <td class="node-toggle">
          {hasMore && (
            <Toggle
              label={t(open ? "backend.less_of" : "backend.more_of", { node: node.node_uuid })}
              open={open}
              onToggle={setOpen}
            />
          )}
        </td>
      </tr>
      {open && (
        <tr>
          <td colSpan={columns.length + 2} class="node-more-cell">
            <NodeMore node={node} withFields={!showsAll} />
          </td>
        </tr>
      )}
    </>
  );
}

interface PagesProps {
  readonly from: number;
  readonly most: number;
  readonly count: number;
  readonly onMove: (first: number) => void;
}

function Pages({ from, most, count, onMove }: PagesProps) {
  const to = Math.min(count, from + most);
  return (
    <div class="node-pages">
      <Button
        kind="ghost"
        icon="back"
        label={t("backend.rows_previous")}
        disabled={from === 0}
        onClick={() => onMove(from - most)}
      />
      <span aria-live="polite">{t("backend.rows", { from: from + 1, to, count })}</span>
      <Button kind="ghost" icon="forward" label={t("backend.rows_next")} disabled={to >= count} onClick={() => onMove(to)} />
    </div>
  );
}
