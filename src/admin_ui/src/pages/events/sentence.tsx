/** An event as a sentence with links to what it is about. */

import type { ComponentChildren } from "preact";
import { Link } from "@/components/link";
import { formatDuration } from "@/core/format";
import { parts, t, type Value } from "@/core/i18n";
import type { EventEntry } from "@/core/wire.gen";
import { type SentenceKey, sentenceOf, toneOf } from "@/pages/events/kinds";
import "./sentence.css";

function numberOf(...candidates: unknown[]): number {
  return candidates.find((value) => typeof value === "number") ?? 0;
}

function nodeOf(event: EventEntry): ComponentChildren {
  return event.node === null ? t("events.some_node") : <Link to={{ page: "nodes", path: [event.node] }}>{event.node}</Link>;
}

function backendOf(event: EventEntry): ComponentChildren {
  const { backend, facts } = event;
  if (backend === null) {
    return typeof facts.id === "string" ? <code>{facts.id}</code> : t("events.some_backend");
  }
  return <Link to={{ page: "backends", path: [backend.kind, backend.name] }}>{backend.name}</Link>;
}

/** What an event says, with `node` and `backend` as the caller writes them. */
function valuesOf<V>(event: EventEntry, node: V, backend: V) {
  const { facts } = event;
  return {
    node,
    backend,
    count: numberOf(facts.backends_total, facts.backends, facts.nodes),
    span: formatDuration(numberOf(facts.silent_s) * 1000),
    backends: t("events.backends_count", { count: numberOf(facts.backends) }),
    nodes: t("events.nodes_count", { count: numberOf(facts.nodes) }),
    kind: event.kind.replaceAll("_", " "),
  };
}

/** What happened, in words, with links to its node and its backend. */
export function EventSentence({ event }: { readonly event: EventEntry }) {
  const values = valuesOf<ComponentChildren>(event, nodeOf(event), backendOf(event));
  return (
    <span class="event-sentence">
      {parts<`events.${SentenceKey}`, ComponentChildren>(`events.${sentenceOf(event)}`, values)}
    </span>
  );
}

/** The same as a plain text, for exports and labels. */
export function sentenceText(event: EventEntry): string {
  const backend = event.backend?.name ?? (typeof event.facts.id === "string" ? event.facts.id : t("events.some_backend"));
  return t(`events.${sentenceOf(event)}`, valuesOf<Value>(event, event.node ?? t("events.some_node"), backend));
}

const SHAPES = { bad: "✖\uFE0E", warn: "▲", ok: "●", drain: "▼", plain: "■" } as const;

/** How grave an event is, as a shape in its colour; the sentence beside it says it in words. */
export function EventGlyph({ event }: { readonly event: EventEntry }) {
  const tone = toneOf(event);
  return (
    <span class={`event-glyph event-glyph-${tone}`} aria-hidden="true">
      {SHAPES[tone]}
    </span>
  );
}
