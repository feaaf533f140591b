/** The panel with the latest events. */
import { Link } from "@/components/link";
import { Problem } from "@/components/problem";
import { Skeleton } from "@/components/skeleton";
import { t } from "@/core/i18n";
import type { EventEntry } from "@/core/wire.gen";
import { EventLines } from "@/pages/events/event_lines";
import { usePolled } from "@/state/polled";

const SHOWN = 10;
const EVERY_MS = 3000;

/** The last ten events of the fleet. */
export function LatestEvents() {
  const polled = usePolled<readonly EventEntry[]>(`api/events?limit=${SHOWN}`, EVERY_MS);
  const events = polled.value.value;
  const problem = polled.problem.value;
  return (
    <section class="panel" aria-labelledby="latest-events">
      <div class="panel-head">
        <h2 id="latest-events">{t("overview.events")}</h2>
        <Link to="events">{t("overview.all_events")}</Link>
      </div>
      {events === undefined &&
        (problem === undefined ? <Skeleton rows={SHOWN} /> : <Problem problem={problem} retry={polled.refresh} />)}
      {events?.length === 0 && <p class="muted">{t("overview.no_events")}</p>}
      {events !== undefined && events.length > 0 && <EventLines events={events} />}
    </section>
  );
}
