/** A node's backends as it has reported them. */
import { type Signal, useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { Button } from "@/components/button";
import { ChipList } from "@/components/chip";
import { Empty } from "@/components/empty";
import { Link } from "@/components/link";
import { Problem } from "@/components/problem";
import { Skeleton } from "@/components/skeleton";
import { IntentBadge, StatusBadge } from "@/components/status";
import { type Column, VirtualRows } from "@/components/virtual_rows";
import { formatLatency, formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import { keyOf } from "@/core/store";
import type { NodeBackendEntry, NodeDetail } from "@/core/wire.gen";
import { type BulkVerb, openBulk } from "@/pages/backends/bulk";
import { type BackendFilter, backendsWanted, statusOn } from "@/pages/node/filter";
import type { Pages } from "@/state/paged";
import { isOperator } from "@/state/session";

interface Props {
  readonly node: NodeDetail;
  readonly stored: Pages<NodeBackendEntry>;
  readonly filter: BackendFilter;
  readonly refresh: () => void;
}

type Chosen = Signal<ReadonlySet<string>>;

/** The backends of a node as it has reported them, kept up to date; some of them can be steered together. */
export function StoredList({ node, stored, filter, refresh }: Props) {
  const chosen = useSignal<ReadonlySet<string>>(new Set());
  const columns = useMemo(() => columnsOf(chosen), [chosen]);
  const all = stored.entries.value;
  const problem = stored.first.problem.value;
  if (all === undefined) {
    return problem === undefined ? <Skeleton rows={6} /> : <Problem problem={problem} retry={stored.first.refresh} />;
  }
  const wanted = backendsWanted(all, filter);
  return (
    <>
      {node.stale && all.length > 0 && <p class="node-note">{t("nodes.kept_stale")}</p>}
      {chosen.value.size > 0 && <ChosenBar node={node} chosen={chosen} wanted={wanted} refresh={refresh} />}
      {wanted.length === 0 ? (
        <NoBackends isFiltered={all.length > 0} text={t("nodes.no_backends_text")} />
      ) : (
        <div class="node-list">
          <VirtualRows
            label={t("nodes.section")}
            layout={isOperator.value ? "stored-rows stored-choosable" : "stored-rows"}
            columns={isOperator.value ? columns : columns.slice(1)}
            entries={wanted}
            keyOf={(entry) => entry.id}
            question={JSON.stringify(filter)}
            onMark={isOperator.value ? (entry) => toggle(chosen, entry.id) : undefined}
          />
        </div>
      )}
    </>
  );
}

/** What is shown where no backend is. */
export function NoBackends({ isFiltered, text }: { readonly isFiltered: boolean; readonly text: string }) {
  return isFiltered ? (
    <Empty title={t("nodes.no_match_title")} text={t("nodes.no_match_text")} />
  ) : (
    <Empty title={t("nodes.no_backends_title")} text={text} />
  );
}

interface ChosenBarProps {
  readonly node: NodeDetail;
  readonly chosen: Chosen;
  readonly wanted: readonly NodeBackendEntry[];
  readonly refresh: () => void;
}

function ChosenBar({ node, chosen, wanted, refresh }: ChosenBarProps) {
  const steer = (verb: BulkVerb) => {
    const targets = [...chosen.peek()].map((id) => ({ node_id: node.node_id, id }));
    const onDone = () => {
      chosen.value = new Set();
      refresh();
    };
    openBulk({ verb, targets, onDone });
  };
  return (
    <div class="chosen" role="toolbar" aria-label={t("nodes.selected", { count: chosen.value.size })}>
      <strong>{t("nodes.selected", { count: chosen.value.size })}</strong>
      <Button onClick={() => steer("drain")}>{t("nodes.drain_these")}</Button>
      <Button onClick={() => steer("disable")}>{t("nodes.disable_these")}</Button>
      <Button onClick={() => steer("enable")}>{t("nodes.enable_these")}</Button>
      {chosen.value.size < wanted.length && (
        <Button
          kind="ghost"
          onClick={() => {
            chosen.value = new Set(wanted.map((entry) => entry.id));
          }}
        >
          {t("nodes.select_all")}
        </Button>
      )}
      <Button
        kind="ghost"
        onClick={() => {
          chosen.value = new Set();
        }}
      >
        {t("nodes.clear_selection")}
      </Button>
    </div>
  );
}

function toggle(chosen: Chosen, id: string): void {
  const next = new Set(chosen.peek());
  if (!next.delete(id)) {
    next.add(id);
  }
  chosen.value = next;
}

function columnsOf(chosen: Chosen): readonly Column<NodeBackendEntry>[] {
  return [
    { name: "choose", title: t("nodes.chosen"), untitled: true, cell: (entry) => <Choose entry={entry} chosen={chosen} /> },
    { name: "name", title: t("nodes.backend"), cell: (entry) => <BackendName entry={entry} /> },
    { name: "status", title: t("nodes.status"), cell: (entry) => <StatusBadge status={statusOn(entry)} /> },
    { name: "intent", title: t("nodes.intent"), cell: (entry) => <IntentCell entry={entry} /> },
    { name: "pending", title: t("nodes.pending"), numeric: true, cell: (entry) => formatNumber(entry.pending) },
    { name: "latency", title: t("nodes.latency"), numeric: true, cell: (entry) => formatLatency(entry.avg_latency_ms) },
    { name: "why", title: t("nodes.why"), cell: (entry) => <Why entry={entry} /> },
    {
      name: "models",
      title: t("nodes.models"),
      cell: (entry) => <ChipList items={entry.models.map((model) => model.id)} max={1} />,
    },
    { name: "weight", title: t("nodes.weight"), numeric: true, cell: (entry) => formatNumber(entry.weight) },
  ];
}

function Choose({ entry, chosen }: { readonly entry: NodeBackendEntry; readonly chosen: Chosen }) {
  return (
    <input
      type="checkbox"
      class="choose"
      aria-label={t("nodes.select", { name: entry.name })}
      checked={chosen.value.has(entry.id)}
      onChange={() => toggle(chosen, entry.id)}
    />
  );
}

/** A backend's name, which leads to it in the cluster, and its kind. */
export function BackendName({
  entry,
}: {
  readonly entry: { readonly id: string; readonly kind: string; readonly name: string };
}) {
  return (
    <>
      <Link class="mono" to={{ page: "backends", params: { open: keyOf(entry.kind, entry.name) } }} title={entry.id}>
        {entry.name}
      </Link>{" "}
      <span class="muted">{entry.kind}</span>
    </>
  );
}

/** What the node says it is; and beside it what is wished, as long as that is something else. */
function IntentCell({ entry }: { readonly entry: NodeBackendEntry }) {
  return entry.wish === null ? (
    <IntentBadge intent={entry.intent} />
  ) : (
    <span class="wished" title={t("nodes.wished_hint", { reason: entry.wish.reason })}>
      <IntentBadge intent={entry.wish.intent} /> <span class="muted">{t("nodes.wished")}</span>
    </span>
  );
}

function Why({ entry }: { readonly entry: NodeBackendEntry }) {
  const reported = entry.reported_status === entry.status ? "" : t("nodes.reported_as", { status: entry.reported_status });
  const text = [entry.status_reason, reported].filter((part) => part !== "").join("; ");
  return <span title={text}>{text}</span>;
}
