/** The counts at the top of the overview. */
import type { ComponentChildren } from "preact";
import { Link } from "@/components/link";
import { StandingBadge, StatusBadge } from "@/components/status";
import { formatLatency, formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import { STATUSES } from "@/core/status";
import type { NodeEntry } from "@/core/wire.gen";
import type { FleetNodes } from "@/pages/overview/fleet_nodes";
import type { Totals } from "@/pages/overview/totals";
import type { To } from "@/state/place";

/** Of these statuses the number is shown even if it is none. */
const ALWAYS: ReadonlySet<string> = new Set(["available", "degraded", "unavailable"]);
const FROM_BEST = STATUSES.toReversed();

/** The fleet in numbers; each leads to the list of what it counts. */
export function Counters({ totals, nodes }: { readonly totals: Totals; readonly nodes: FleetNodes }) {
  return (
    <section class="counters" aria-label={t("overview.counters")}>
      <Group title={t("overview.backends")} count={totals.backends} to="backends">
        {FROM_BEST.filter((status) => totals.by[status] > 0 || ALWAYS.has(status)).map((status) => (
          <Counter key={status} count={totals.by[status]} to={{ page: "backends", params: { q: `status:${status}` } }}>
            <StatusBadge status={status} />
          </Counter>
        ))}
      </Group>
      {nodes.known.value && <Nodes nodes={nodes} />}
      <Group title={t("overview.requests")}>
        <Counter count={totals.pending} to={{ page: "backends", params: { q: "pending>0", sort: "-pending" } }}>
          {t("overview.pending")}
        </Counter>
        {totals.latencyP95Ms !== undefined && (
          <Counter
            text={formatLatency(totals.latencyP95Ms)}
            count={totals.latencyP95Ms}
            title={t("overview.latency_p95_hint")}
            to={{ page: "backends", params: { q: `latency>=${totals.latencyP95Ms}`, sort: "-latency" } }}
          >
            {t("overview.latency_p95")}
          </Counter>
        )}
      </Group>
    </section>
  );
}

function Nodes({ nodes }: { readonly nodes: FleetNodes }) {
  const counts: readonly (readonly [NodeEntry["standing"], number])[] = [
    ["live", nodes.live.value],
    ["suspect", nodes.suspect.value],
    ["unreachable", nodes.unreachable.value],
    ["departed", nodes.departed.value],
  ];
  return (
    <Group title={t("overview.nodes")} count={counts.reduce((sum, [, count]) => sum + count, 0)} to="nodes">
      {counts
        .filter(([standing, count]) => count > 0 || standing === "live")
        .map(([standing, count]) => (
          <Counter key={standing} count={count} to={{ page: "nodes", params: { standing } }}>
            <StandingBadge standing={standing} />
          </Counter>
        ))}
    </Group>
  );
}

interface GroupProps {
  readonly title: string;
  readonly count?: number;
  readonly to?: To;
  readonly children: ComponentChildren;
}

function Group({ title, count, to, children }: GroupProps) {
  return (
    <div class="counter-group">
      <h2 class="counter-title">
        {to === undefined ? title : <Link to={to}>{title}</Link>}
        {count !== undefined && <span class="muted"> {formatNumber(count)}</span>}
      </h2>
      <ul class="counter-list">{children}</ul>
    </div>
  );
}

interface CounterProps {
  readonly count: number;
  /** How the count is written, if not as a number. */
  readonly text?: string;
  readonly title?: string;
  readonly to: To;
  readonly children: ComponentChildren;
}

function Counter({ count, text, title, to, children }: CounterProps) {
  return (
    <li>
      <Link class={count === 0 ? "counter counter-none" : "counter"} to={to} {...(title === undefined ? {} : { title })}>
        <span class="counter-number">{text ?? formatNumber(count)}</span>
        <span>{children}</span>
      </Link>
    </li>
  );
}
