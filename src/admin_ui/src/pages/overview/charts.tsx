/** The charts of the fleet, which are loaded after the rest. */
import { Chart } from "@/components/chart";
import { chartCount, chartLatency } from "@/components/chart_formats";
import { formatPercent } from "@/core/format";
import { t } from "@/core/i18n";
import type { HistoryAnswer } from "@/core/wire.gen";
import { timesOf } from "@/pages/backend/history";
import { usePolled } from "@/state/polled";

const EVERY_MS = 15_000;
const SYNC = "fleet";

/** How the fleet has been in the last quarter of an hour: requests in flight, the share that is available, and latency. */
export default function FleetCharts() {
  const history = usePolled<HistoryAnswer>("api/history", EVERY_MS).value.value;
  const fleet = history?.fleet;
  if (history === undefined || fleet === undefined || fleet === null || history.until === null) {
    return <p class="muted">{t("overview.charts_soon")}</p>;
  }
  const times = timesOf(history, fleet.pending.length);
  const share = fleet.available.map((available, place) => shareOf(available, fleet.unavailable[place] ?? null));
  return (
    <div class="fleet-charts">
      <Chart
        title={t("overview.chart_share")}
        times={times}
        series={[{ label: t("overview.chart_share"), tone: "ok", values: share, filled: true }]}
        format={formatPercent}
        sync={SYNC}
      />
      <Chart
        title={t("overview.chart_pending")}
        times={times}
        series={[{ label: t("overview.chart_pending"), tone: "accent", values: fleet.pending }]}
        format={chartCount}
        most={4}
        sync={SYNC}
      />
      <Chart
        title={t("overview.chart_latency")}
        times={times}
        series={[{ label: t("overview.chart_latency"), tone: "drain", values: fleet.avg_latency_ms }]}
        format={chartLatency}
        most={10}
        sync={SYNC}
      />
    </div>
  );
}

function shareOf(available: number | null, unavailable: number | null): number | null {
  const total = (available ?? 0) + (unavailable ?? 0);
  return available === null || unavailable === null || total === 0 ? null : available / total;
}
