/** The part about the last 15 minutes: latency, requests in flight, nodes. */

import { Chart } from "@/components/chart";
import { chartCount, chartLatency } from "@/components/chart_formats";
import { t } from "@/core/i18n";
import { useHistory } from "@/pages/backend/history";
import { Section } from "@/pages/backend/section";

const CURSOR = "backend";

/** Three charts with one cursor. */
export function Charts({ backendKey, total }: { readonly backendKey: string; readonly total: number }) {
  const { times, latency: latencies, pending, nodes } = useHistory(backendKey);
  return (
    <Section title={t("backend.charts")}>
      <div class="backend-charts">
        <Chart
          title={t("backend.chart_latency")}
          times={times}
          series={[{ label: t("backend.chart_latency"), tone: "accent", values: latencies }]}
          format={chartLatency}
          most={10}
          sync={CURSOR}
        />
        <Chart
          title={t("backend.chart_pending")}
          times={times}
          series={[{ label: t("backend.chart_pending"), tone: "accent", values: pending, filled: true }]}
          format={chartCount}
          most={4}
          sync={CURSOR}
        />
        <Chart
          title={t("backend.chart_nodes")}
          times={times}
          series={[{ label: t("backend.chart_nodes"), tone: "ok", values: nodes, filled: true }]}
          format={chartCount}
          most={Math.max(1, total)}
          sync={CURSOR}
        />
      </div>
    </Section>
  );
}
