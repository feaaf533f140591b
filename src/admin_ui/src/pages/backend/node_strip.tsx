/** The nodes of a backend at a glance: a cell for each, or a bar for very many. */

import { useRef, useState } from "preact/hooks";
import { Button } from "@/components/button";
import { StatusBadge } from "@/components/status";
import { formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import type { Status } from "@/core/status";
import { countByStatus, type NodeRow } from "@/pages/backend/node_rows";
import "./node_strip.css";

/** Up to here each node has a cell. */
const CELLS_MOST = 200;

/** What is shown, and who is told when a node or a status is chosen. */
export interface NodeStripProps {
  readonly rows: readonly NodeRow[];
  /** The status that the table below shows only. */
  readonly chosen: Status | null;
  readonly onNode: (id: string) => void;
  readonly onStatus: (status: Status) => void;
}

/** All nodes, worst first. */
export function NodeStrip(props: NodeStripProps) {
  return props.rows.length > CELLS_MOST ? <GroupedBar {...props} /> : <Cells {...props} />;
}

function labelOf({ node, status }: NodeRow): string {
  const word = t(`shell.status_${status}`);
  const text = node.status_reason
    ? t("backend.cell_why", { node: node.node_uuid, status: word, reason: node.status_reason })
    : t("backend.cell", { node: node.node_uuid, status: word });
  return node.stale ? t("backend.cell_stale", { text }) : text;
}

/** A row of buttons of which Tab reaches one, and the arrows the others. */
function Cells({ rows, onNode }: NodeStripProps) {
  const [chosen, setChosen] = useState(0);
  const list = useRef<HTMLFieldSetElement>(null);
  const present = Math.min(chosen, rows.length - 1);
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, Home: -rows.length, End: rows.length };
    const step = steps[event.key];
    if (step === undefined) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const to = Math.max(0, Math.min(rows.length - 1, present + step));
    setChosen(to);
    const cell = list.current?.children[to];
    if (cell instanceof HTMLElement) {
      cell.focus();
    }
  };
  return (
    <fieldset ref={list} class="node-strip" aria-label={t("backend.strip")} onKeyDown={onKeyDown}>
      {rows.map((row, place) => (
        <button
          key={row.node.node_uuid}
          type="button"
          class={`node-cell node-cell-${row.status}${row.node.stale ? " node-cell-stale" : ""}`}
          tabIndex={place === present ? 0 : -1}
          title={labelOf(row)}
          aria-label={labelOf(row)}
          onClick={() => {
            setChosen(place);
            onNode(row.node.node_uuid);
          }}
        />
      ))}
    </fieldset>
  );
}

/** Too many for cells: how many there are of each status, as a bar, and as buttons that filter the table. */
function GroupedBar({ rows, chosen, onStatus }: NodeStripProps) {
  const counts = [...countByStatus(rows)];
  return (
    <div>
      <div class="node-bar" aria-hidden="true">
        {counts.map(([status, count]) => (
          <span key={status} class={`node-part node-cell-${status}`} style={{ flexGrow: count }} />
        ))}
      </div>
      <fieldset class="node-legend" aria-label={t("backend.strip_grouped")}>
        {counts.map(([status, count]) => (
          <Button key={status} kind="ghost" pressed={status === chosen} onClick={() => onStatus(status)}>
            <StatusBadge status={status} /> {formatNumber(count)}
          </Button>
        ))}
      </fieldset>
    </div>
  );
}
