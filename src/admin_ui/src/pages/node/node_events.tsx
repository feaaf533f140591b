/** The panel with the last events of a node. */
import { Link } from "@/components/link";
import { Problem } from "@/components/problem";
import { Skeleton } from "@/components/skeleton";
import { t } from "@/core/i18n";
import type { EventEntry } from "@/core/wire.gen";
import { EventLines } from "@/pages/events/event_lines";
import { usePolled } from "@/state/polled";

const SHOWN = 20;
const EVERY_MS = 3000;

/** The last events of a node. */
export function NodeEvents({ nodeId }: { readonly nodeId: string }) {
  const polled = usePolled<readonly EventEntry[]>(`api/events?node=${encodeURIComponent(nodeId)}&limit=${SHOWN}`, EVERY_MS);
  const events = polled.value.value;
  const problem = polled.problem.value;
  return (
    <section class="panel" aria-labelledby="node-events">
      <div class="panel-head">
        <h2 id="node-events">{t("nodes.events")}</h2>
        <Link to={{ page: "events", params: { node: nodeId } }}>{t("nodes.all_events")}</Link>
      </div>
      {events === undefined &&
        (problem === undefined ? <Skeleton rows={6} /> : <Problem problem={problem} retry={polled.refresh} />)}
      {events?.length === 0 && <p class="muted">{t("nodes.no_events")}</p>}
      {events !== undefined && events.length > 0 && <EventLines events={events} />}
    </section>
  );
}
