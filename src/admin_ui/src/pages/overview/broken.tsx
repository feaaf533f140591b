/** The panel about what is broken. */
import type { ComponentChildren } from "preact";
import { NodesBar } from "@/components/bars";
import { Link } from "@/components/link";
import { StandingBadge, StatusBadge } from "@/components/status";
import { Since } from "@/components/values";
import { t } from "@/core/i18n";
import { withTerm } from "@/core/query";
import { backendIn, nodeIn } from "@/pages/overview/links";
import type { LostModel } from "@/pages/overview/lost_models";
import type { BackendTrouble, NodeTrouble, Troubles } from "@/pages/overview/troubles";

interface Props {
  readonly troubles: Troubles;
  readonly models: readonly LostModel[];
  /** Whether something is missing only because operators have taken it out. */
  readonly withdrawn: boolean;
  readonly most: number;
}

const MODELS_MOST = 5;
const BROKEN = "status:unavailable,degraded";

/** What is broken, since when and why: worst first, one line for one cause. */
export function Broken({ troubles, models, withdrawn, most }: Props) {
  const lines = troubles.lines.slice(0, most);
  if (lines.length === 0 && models.length === 0) {
    return (
      <section class="panel calm" aria-labelledby="broken">
        <h2 id="broken">{t("overview.nothing_broken")}</h2>
        <p class="muted">{withdrawn ? t("overview.nothing_broken_withdrawn") : t("overview.nothing_broken_text")}</p>
      </section>
    );
  }
  return (
    <section class="panel" aria-labelledby="broken">
      <div class="panel-head">
        <h2 id="broken">{t("overview.broken")}</h2>
        <Link to={{ page: "backends", params: { q: BROKEN } }}>{t("overview.show_broken")}</Link>
      </div>
      <div class="trouble-head" aria-hidden="true">
        <span>{t("overview.head_what")}</span>
        <span>{t("overview.head_nodes")}</span>
        <span>{t("overview.head_why")}</span>
        <span>{t("overview.head_since")}</span>
      </div>
      <ul class="troubles">
        {lines.map((line) =>
          line.kind === "node" ? (
            <NodeLine key={`${line.nodeId} ${line.reason}`} line={line} />
          ) : (
            <BackendLine key={line.row.key} line={line} />
          ),
        )}
        <LostModels models={models} />
      </ul>
      <More troubles={troubles} shown={lines.length} />
    </section>
  );
}

function NodeLine({ line }: { readonly line: NodeTrouble }) {
  const { nodeId, backends, lost, sinceMs, standing } = line;
  const missing =
    lost > 0 ? t("overview.missing_and_lost", { count: backends, lost }) : t("overview.missing_there", { count: backends });
  return (
    <Line
      status={standing === undefined ? <StatusBadge status={line.status} /> : <StandingBadge standing={standing} />}
      what={
        <Link class="trouble-name mono" to={nodeIn(nodeId)}>
          {nodeId}
        </Link>
      }
      sub={<Link to={{ page: "backends", params: { q: withTerm(BROKEN, "node", nodeId) } }}>{missing}</Link>}
      why={standing === undefined ? line.reason : t(`overview.why_${standing === "departed" ? "departed" : "unreachable"}`)}
      sinceMs={sinceMs}
    />
  );
}

function BackendLine({ line }: { readonly line: BackendTrouble }) {
  const { row } = line;
  const isStale = row.stale === row.total && row.total > 0;
  return (
    <Line
      status={<StatusBadge status={row.status} stale={isStale} />}
      what={
        <Link class="trouble-name mono" to={backendIn(row.key)}>
          {row.name}
        </Link>
      }
      sub={row.kind}
      nodes={<NodesBar available={row.available} withdrawn={row.draining + row.disabled} total={row.total} />}
      why={row.reason}
      sinceMs={line.sinceMs}
    />
  );
}

/** Models that nothing serves any more: below what is broken, since that is why. */
function LostModels({ models }: { readonly models: readonly LostModel[] }) {
  const more = models.length - MODELS_MOST;
  return (
    <>
      {models.slice(0, more === 1 ? MODELS_MOST + 1 : MODELS_MOST).map((model) => (
        <Line
          key={`model ${model.id}`}
          status={<StatusBadge status="unavailable" />}
          what={
            <Link class="trouble-name mono" to={{ page: "models", params: { open: model.id } }}>
              {model.id}
            </Link>
          }
          sub={t("overview.model_lost")}
          why={
            model.withdrawn === model.backends
              ? t("overview.model_lost_withdrawn", { count: model.backends })
              : t("overview.model_lost_why", { count: model.backends })
          }
        />
      ))}
      {more > 1 && (
        <li class="trouble-more">
          <Link to={{ page: "models", params: { only: "lost" } }}>{t("overview.more_models", { count: more })}</Link>
        </li>
      )}
    </>
  );
}

interface LineProps {
  readonly status: ComponentChildren;
  readonly what: ComponentChildren;
  readonly sub: ComponentChildren;
  readonly nodes?: ComponentChildren;
  readonly why: string;
  readonly sinceMs?: number | undefined;
}

function Line({ status, what, sub, nodes, why, sinceMs }: LineProps) {
  const reason = why === "" ? t("overview.no_reason") : why;
  return (
    <li class="trouble">
      <span class="trouble-status">{status}</span>
      <span class="trouble-what">
        <span class="cut">{what}</span>
        <span class="trouble-sub cut">{sub}</span>
      </span>
      <span class="trouble-nodes">{nodes}</span>
      <span class="trouble-why" title={reason}>
        {reason}
      </span>
      <span class="trouble-since">
        {sinceMs === undefined ? (
          <span class="muted" title={t("overview.since_unknown")}>
            –
          </span>
        ) : (
          <Since at={sinceMs} />
        )}
      </span>
    </li>
  );
}

/** How much there is that has no line here. */
function More({ troubles, shown }: { readonly troubles: Troubles; readonly shown: number }) {
  const more = Math.max(troubles.alone - troubles.lines.slice(0, shown).filter((line) => line.kind === "backend").length, 0);
  return more === 0 ? null : (
    <p class="trouble-more">
      <Link to={{ page: "backends", params: { q: BROKEN } }}>{t("overview.more_broken", { count: more })}</Link>
    </p>
  );
}
