/** Events beneath each other, newest first, day by day; each opens to show what else is known. */

import { useState } from "preact/hooks";
import { type Fact, Facts } from "@/components/facts";
import { Toggle } from "@/components/toggle";
import { Time } from "@/components/values";
import { t } from "@/core/i18n";
import { msOf, zoneLabel } from "@/core/time";
import type { EventEntry } from "@/core/wire.gen";
import { events as messages } from "@/messages/en/events";
import { dayOf } from "@/pages/events/days";
import { EventGlyph, EventSentence, sentenceText } from "@/pages/events/sentence";
import { now } from "@/state/now";
import { preferences } from "@/state/preferences";
import "./event_list.css";

/** What is shown. */
export interface EventListProps {
  /** Newest first. About 13 elements each. */
  readonly events: readonly EventEntry[];
}

interface Day {
  readonly name: string;
  readonly events: EventEntry[];
}

/** The list. */
export function EventList({ events }: EventListProps) {
  const { zone } = preferences.value;
  // Days become other ones once a day; to look with each new event is enough.
  const nowMs = now.peek();
  const days: Day[] = [];
  for (const event of events) {
    const name = dayOf(msOf(event.at), zone, nowMs);
    const day = days.at(-1);
    if (day?.name === name) {
      day.events.push(event);
    } else {
      days.push({ name, events: [event] });
    }
  }
  return (
    <div class="event-days">
      {days.map((day) => (
        <section key={day.name} class="event-day" aria-label={day.name}>
          <h2 class="event-day-name">
            {day.name} <span class="event-zone">{zoneLabel(zone, nowMs)}</span>
          </h2>
          <ol class="event-list">
            {day.events.map((event) => (
              <EventRow key={event.seq} event={event} />
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

function EventRow({ event }: { readonly event: EventEntry }) {
  const [open, setOpen] = useState(false);
  return (
    <li class={`event-row${open ? " event-row-open" : ""}`}>
      <span class="event-time">
        <Time at={event.at} style="clock" absolute />
      </span>
      <EventGlyph event={event} />
      <div class="event-what">
        <EventSentence event={event} />
        {event.reason && <span class="event-reason">{event.reason}</span>}
      </div>
      <span class="event-actor muted">{t("events.by", { actor: event.actor })}</span>
      <Toggle label={t("events.details_of", { event: sentenceText(event) })} open={open} onToggle={setOpen} />
      {open && (
        <div class="event-more">
          <Facts facts={factsOf(event)} />
        </div>
      )}
    </li>
  );
}

/** All that is known of an event, under the words that the catalogue has for it. */
function factsOf(event: EventEntry): Fact[] {
  const facts = Object.entries(event.facts).map(([name, value]): Fact => [factName(name), written(value)]);
  return [
    [t("events.at"), <Time key="at" at={event.at} style="full" absolute />],
    [t("events.backend"), event.backend && `${event.backend.kind}/${event.backend.name}`],
    ...facts,
    [t("events.kind"), <code key="kind">{event.kind}</code>],
    [t("events.seq"), <code key="seq">{event.seq}</code>],
  ];
}

type FactKey = Extract<keyof typeof messages, `fact_${string}`>;

function factName(name: string): string {
  const key = `fact_${name}`;
  return isFactKey(key) ? t(`events.${key}`) : name.replaceAll("_", " ");
}

function isFactKey(key: string): key is FactKey {
  return Object.hasOwn(messages, key);
}

function written(value: unknown): string {
  if (Array.isArray(value)) {
    return value.map(written).join(", ");
  }
  return typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value);
}
