/** Events where there is little room. */
import { Time } from "@/components/values";
import type { EventEntry } from "@/core/wire.gen";
import { EventGlyph, EventSentence } from "@/pages/events/sentence";

/** Events, one line each: what, why, when. */
export function EventLines({ events }: { readonly events: readonly EventEntry[] }) {
  return (
    <ul class="lines">
      {events.map((event) => (
        <li key={event.seq} class="line line-event">
          <EventGlyph event={event} />
          <span class="line-name">
            <EventSentence event={event} />
            {event.reason !== "" && <span class="trouble-sub">{event.reason}</span>}
          </span>
          <span class="line-end">
            <Time at={event.at} />
          </span>
        </li>
      ))}
    </ul>
  );
}
