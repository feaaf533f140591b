/** A node's backends as the node itself says when it is asked. */
import { ChipList } from "@/components/chip";
import { IntentBadge, StatusBadge } from "@/components/status";
import { type Column, VirtualRows } from "@/components/virtual_rows";
import { formatLatency, formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import type { LiveEntry } from "@/core/wire.gen";
import { Asked } from "@/pages/node/asked";
import { type BackendFilter, backendsWanted, statusOn } from "@/pages/node/filter";
import { BackendName, NoBackends } from "@/pages/node/stored_list";
import { usePolled } from "@/state/polled";

interface Props {
  readonly path: string;
  readonly filter: BackendFilter;
}

/** The backends of a node as it says itself. It is asked once, and again when somebody wants it. */
export function LiveList({ path, filter }: Props) {
  const polled = usePolled<readonly LiveEntry[]>(`${path}/backends?source=node&limit=1000`, 0);
  return (
    <Asked polled={polled}>
      {(all) => {
        const wanted = backendsWanted(all, filter);
        return wanted.length === 0 ? (
          <NoBackends isFiltered={all.length > 0} text={t("nodes.no_backends_live")} />
        ) : (
          <div class="node-list">
            <VirtualRows
              label={t("nodes.section")}
              layout="live-rows"
              columns={columnsOf()}
              entries={wanted}
              keyOf={(entry) => entry.id}
              question={JSON.stringify(filter)}
            />
          </div>
        );
      }}
    </Asked>
  );
}

function columnsOf(): readonly Column<LiveEntry>[] {
  return [
    { name: "name", title: t("nodes.backend"), cell: (entry) => <BackendName entry={entry} /> },
    { name: "status", title: t("nodes.status"), cell: (entry) => <StatusBadge status={statusOn(entry)} /> },
    { name: "intent", title: t("nodes.intent"), cell: (entry) => <IntentBadge intent={entry.intent ?? "enabled"} /> },
    { name: "pending", title: t("nodes.pending"), numeric: true, cell: (entry) => formatNumber(entry.pending_requests ?? 0) },
    { name: "latency", title: t("nodes.latency"), numeric: true, cell: (entry) => formatLatency(entry.avg_latency_ms ?? 0) },
    { name: "why", title: t("nodes.why"), cell: (entry) => <Why entry={entry} /> },
    {
      name: "models",
      title: t("nodes.models"),
      cell: (entry) => <ChipList items={(entry.models ?? []).map(({ id }) => id)} max={1} />,
    },
    { name: "credentials", title: t("nodes.credentials"), cell: (entry) => <Credentials entry={entry} /> },
  ];
}

/** The variables that a backend needs on its node, and whether each is set; those that are missing first. */
function Credentials({ entry: { credentials = {} } }: { readonly entry: LiveEntry }) {
  const names = Object.entries(credentials).toSorted(([, one], [, other]) => Number(one) - Number(other));
  const text = names
    .map(([name, isSet]) => t(isSet ? "nodes.credential_set" : "nodes.credential_missing", { name }))
    .join("; ");
  return <span title={text}>{text}</span>;
}

/** Why it is as it is, with what the node's health checks think. */
function Why({ entry }: { readonly entry: LiveEntry }) {
  const texts = [
    entry.status_reason ?? "",
    entry.ejection ? t("nodes.ejected", { reason: entry.ejection }) : "",
    entry.on_trial ? t("nodes.on_trial") : "",
    entry.warming ? t("nodes.warming") : "",
    entry.last_error ?? "",
  ];
  const text = texts.filter((part, place) => part !== "" && texts.indexOf(part) === place).join("; ");
  return <span title={text}>{text}</span>;
}
