/** The page that one begins with: is anything broken, since when and why. */
import { useComputed } from "@preact/signals";
import { FirstRun } from "@/components/first_run";
import { PageHead } from "@/components/page_head";
import { Skeleton } from "@/components/skeleton";
import { t } from "@/core/i18n";
import type { DesiredEntry, EventEntry } from "@/core/wire.gen";
import { Broken } from "@/pages/overview/broken";
import { Counters } from "@/pages/overview/counters";
import { type FleetNodes, useFleetNodes } from "@/pages/overview/fleet_nodes";
import { Headline } from "@/pages/overview/headline";
import { LatestEvents } from "@/pages/overview/latest_events";
import { lostModels } from "@/pages/overview/lost_models";
import { useReports } from "@/pages/overview/reports";
import { SilentNodes } from "@/pages/overview/silent";
import { TakenOut } from "@/pages/overview/taken_out";
import { totalsOf } from "@/pages/overview/totals";
import { troublesOf } from "@/pages/overview/troubles";
import { withdrawals } from "@/pages/overview/withdrawn";
import { fleet } from "@/state/fleet";
import { useFleetTick, useGlance } from "@/state/glance";
import { lazy } from "@/state/lazy";
import { usePolled } from "@/state/polled";
import "@/components/panel.css";
import "@/pages/overview/overview.css";

const FleetCharts = lazy(() => import("@/pages/overview/charts"), "chart");

const LINES_MOST = 12;
const EVERY_MS = 5000;
const MADE = "api/events?kind=wish_made&limit=500";

/** What is broken, since when and why; what operators took out; and how the fleet is doing. */
export default function OverviewPage() {
  const nodes = useFleetNodes();
  const isEmpty = useComputed(() => fleet.frame.value >= 0 && fleet.loaded.value && fleet.store.size === 0);
  const isNew = isEmpty.value && nodes.known.value && nodes.total.value === 0;
  return (
    <div class="page overview">
      <PageHead title={t("overview.title")} />
      {isNew ? <FirstRun /> : <Shown nodes={nodes} />}
    </div>
  );
}

function Shown({ nodes }: { readonly nodes: FleetNodes }) {
  return (
    <>
      {fleet.loaded.value ? <Standing nodes={nodes} /> : <Skeleton rows={8} />}
      <div class="overview-side">
        <section class="panel" aria-labelledby="charts">
          <h2 id="charts">{t("overview.charts")}</h2>
          <FleetCharts />
        </section>
        <LatestEvents />
      </div>
    </>
  );
}

/** All that follows from the fleet as it is now; drawn anew once a second at most. */
function Standing({ nodes }: { readonly nodes: FleetNodes }) {
  const tick = useFleetTick();
  const made = usePolled<readonly EventEntry[]>(MADE, EVERY_MS);
  const desired = usePolled<readonly DesiredEntry[]>("api/desired?limit=1000", EVERY_MS);
  const reports = useReports(nodes.worst.value);
  const totals = useGlance(tick, () => totalsOf(fleet.tally.sums)).value;
  const models = useGlance(tick, () => lostModels(fleet.store)).value;
  const out = useGlance(tick, () => withdrawals(fleet.store, desired.value.value ?? [], made.value.value ?? [])).value;
  const troubles = useGlance(tick, () => troublesOf(fleet.store, reports.value, LINES_MOST)).value;
  const told = new Set(troubles.lines.map((line) => (line.kind === "node" && line.standing !== undefined ? line.nodeId : "")));
  return (
    <>
      <Headline totals={totals} />
      <Counters totals={totals} nodes={nodes} />
      <div class="overview-main">
        <Broken troubles={troubles} models={models} withdrawn={out.length > 0} most={LINES_MOST} />
        <TakenOut withdrawals={out} />
        <SilentNodes
          nodes={nodes.silent.value.filter((node) => !told.has(node.node_id))}
          total={nodes.suspect.value + nodes.unreachable.value}
        />
      </div>
    </>
  );
}
