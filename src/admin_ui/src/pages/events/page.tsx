/** What happened in the fleet, newest first. */

import { useRef } from "preact/hooks";
import { Button } from "@/components/button";
import { Empty } from "@/components/empty";
import { Link } from "@/components/link";
import { Menu } from "@/components/menu";
import { PageHead } from "@/components/page_head";
import { Problem } from "@/components/problem";
import { Skeleton } from "@/components/skeleton";
import { EXPORT_FORMATS, EXPORT_TYPES } from "@/core/export";
import { formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import type { EventEntry } from "@/core/wire.gen";
import { EventList } from "@/pages/events/event_list";
import { exportedEvents } from "@/pages/events/export";
import { type EventFilter, filterFrom, isFiltered } from "@/pages/events/filter";
import { clearFilters, EventFilters } from "@/pages/events/filters";
import { type EventLog, PAGE_SIZE, useEventLog } from "@/pages/events/log";
import { place } from "@/state/place";
import { saveFile } from "@/state/save_file";
import "./page.css";

/** The log, as the address filters it. */
export default function EventsPage() {
  const { params } = place.value;
  const filter = filterFrom(params);
  const log = useEventLog(filter);
  const { events = [], problem } = log;
  return (
    <div class="page events-page">
      <PageHead
        title={t("events.title")}
        counts={log.events && <span>{t("events.count", { count: log.total })}</span>}
        actions={<Export events={events} />}
      />
      <EventFilters filter={filter} events={events} />
      {problem && <Problem problem={problem} retry={log.refresh} />}
      <Log filter={filter} log={log} />
    </div>
  );
}

function Log({ filter, log }: { readonly filter: EventFilter; readonly log: EventLog }) {
  const { events } = log;
  const top = useRef<HTMLDivElement>(null);
  if (events === undefined) {
    return log.problem ? null : <Skeleton rows={12} />;
  }
  if (events.length === 0) {
    return <Nothing filtered={isFiltered(filter)} />;
  }
  const show = () => {
    log.show();
    top.current?.scrollIntoView({ block: "start" });
    top.current?.focus({ preventScroll: true });
  };
  // The focus goes here from the button, which is gone then.
  return (
    <div ref={top} class="events-log" tabIndex={-1}>
      <Waiting count={log.waiting} isNewest={filter.before === null} onShow={show} />
      <EventList events={events} />
      <Pages filter={filter} log={log} last={events.at(-1)} />
    </div>
  );
}

function Nothing({ filtered }: { readonly filtered: boolean }) {
  return filtered ? (
    <Empty
      title={t("events.none")}
      text={t("events.none_text")}
      action={<Button onClick={clearFilters}>{t("events.clear")}</Button>}
    />
  ) : (
    <Empty title={t("events.empty")} text={t("events.empty_text")} />
  );
}

interface WaitingProps {
  readonly count: number;
  readonly isNewest: boolean;
  readonly onShow: () => void;
}

/** What has come meanwhile: a button, so that nothing moves unless somebody wants it. */
function Waiting({ count, isNewest, onShow }: WaitingProps) {
  if (!isNewest) {
    return <p class="muted">{t("events.no_longer_live")}</p>;
  }
  if (count === 0) {
    return null;
  }
  return (
    <button type="button" class="events-waiting" onClick={onShow}>
      {count >= PAGE_SIZE ? t("events.new_many", { count: formatNumber(PAGE_SIZE) }) : t("events.new", { count })}
    </button>
  );
}

interface PagesProps {
  readonly filter: EventFilter;
  readonly log: EventLog;
  readonly last: EventEntry | undefined;
}

function Pages({ filter, log, last }: PagesProps) {
  const at = (before: string | null) => {
    const params = Object.fromEntries(place.value.params);
    return { page: "events", params: { ...params, before } } as const;
  };
  return (
    <nav class="events-pages" aria-label={t("events.pages")}>
      {filter.before !== null && (
        <Link to={at(null)} class="button button-plain">
          {t("events.newest")}
        </Link>
      )}
      {log.hasOlder && last && (
        <Link to={at(String(last.seq))} class="button button-plain">
          {t("events.older")}
        </Link>
      )}
    </nav>
  );
}

function Export({ events }: { readonly events: readonly EventEntry[] }) {
  return (
    <Menu
      label={t("events.export_label")}
      trigger={t("events.export")}
      icon="download"
      disabled={events.length === 0}
      items={EXPORT_FORMATS.map((format) => ({
        id: format,
        label: t(`events.export_${format}`),
        run: () => saveFile("events", format, EXPORT_TYPES[format], [exportedEvents(events, format)]),
      }))}
    />
  );
}
