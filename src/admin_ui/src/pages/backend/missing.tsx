/** In place of a backend that no node has: what happened last to it. */

import { Empty } from "@/components/empty";
import { Link } from "@/components/link";
import { t } from "@/core/i18n";
import type { BackendName } from "@/core/wire.gen";
import { useLog } from "@/pages/backend/log";
import { EventList } from "@/pages/events/event_list";

const EVENTS_MOST = 5;

/** That it is not there, since when as far as is known, and where to go. */
export function Missing({ name }: { readonly name: BackendName }) {
  const { events } = useLog(name, name.name);
  const last = events?.slice(0, EVENTS_MOST) ?? [];
  return (
    <div class="backend-missing">
      <Empty
        title={t("backend.not_found")}
        text={t(last.length > 0 ? "backend.not_found_text" : "backend.not_found_nothing", { ...name })}
        action={<Link to={{ page: "backends" }}>{t("backend.not_found_action")}</Link>}
      />
      {last.length > 0 && <EventList events={last} />}
    </div>
  );
}
