/** Events as a file. Pure, but for the words of the sentences. */

import { csvLine, type ExportFormat } from "@/core/export";
import { isoOf, msOf } from "@/core/time";
import type { EventEntry } from "@/core/wire.gen";
import { sentenceText } from "@/pages/events/sentence";

const HEAD = ["at", "kind", "event", "node", "backend_kind", "backend_name", "actor", "reason", "facts", "seq"];

/** The events as the text of a file; times are ISO 8601 in UTC. */
export function exportedEvents(events: readonly EventEntry[], format: ExportFormat): string {
  return TEXTS[format](events);
}

const TEXTS: Readonly<Record<ExportFormat, (events: readonly EventEntry[]) => string>> = {
  csv: (events) => [HEAD, ...events.map(csvRow)].map(csvLine).join(""),
  json: (events) => `${JSON.stringify(events, null, 2)}\n`,
  ndjson: (events) => events.map((event) => `${JSON.stringify(event)}\n`).join(""),
};

function csvRow(event: EventEntry): string[] {
  const { kind, node, backend, actor, reason, facts, seq } = event;
  const at = isoOf(msOf(event.at));
  return [
    at,
    kind,
    sentenceText(event),
    node ?? "",
    backend?.kind ?? "",
    backend?.name ?? "",
    actor,
    reason,
    JSON.stringify(facts),
    String(seq),
  ];
}
