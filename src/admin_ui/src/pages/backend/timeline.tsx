/** The part about what happened: transitions on nodes, silence, and what operators wanted. */

import type { ComponentChildren } from "preact";
import { Button } from "@/components/button";
import { Link } from "@/components/link";
import { Duration, Time } from "@/components/values";
import { currentLocale, parts, t } from "@/core/i18n";
import type { BackendName, EventEntry } from "@/core/wire.gen";
import type { BackendLog } from "@/pages/backend/log";
import { Section } from "@/pages/backend/section";
import { type EventRun, runsOf } from "@/pages/backend/transitions";
import { sentenceOf } from "@/pages/events/kinds";
import { EventGlyph, EventSentence } from "@/pages/events/sentence";
import "./timeline.css";

/** Runs that are in the document at most; the page of events has all. */
const RUNS_MOST = 60;
const NODES_MOST = 3;

/** What is shown. */
export interface TimelineProps {
  readonly backend: BackendName;
  readonly log: BackendLog;
}

/** Newest first. */
export function Timeline({ backend, log }: TimelineProps) {
  const runs = runsOf(log.events ?? []);
  const shown = runs.slice(0, RUNS_MOST);
  const all = { page: "events", params: { backend: `${backend.kind}/${backend.name}` } } as const;
  return (
    <Section title={t("backend.timeline")} aside={<Link to={all}>{t("backend.timeline_all")}</Link>}>
      {log.events !== undefined && shown.length === 0 && <p class="muted">{t("backend.timeline_none")}</p>}
      <ol class="timeline" aria-label={t("backend.timeline_runs", { name: backend.name })}>
        {shown.map((run) => (
          <Run key={run.events[0].seq} run={run} />
        ))}
      </ol>
      {log.hasOlder && runs.length < RUNS_MOST && <Button onClick={log.older}>{t("backend.timeline_older")}</Button>}
    </Section>
  );
}

function Run({ run }: { readonly run: EventRun }) {
  const [event] = run.events;
  return (
    <li class="timeline-run">
      <EventGlyph event={event} />
      <div class="timeline-text">
        <span class="timeline-what">
          <RunSentence run={run} />
        </span>
        {event.reason && <span class="timeline-why">{event.reason}</span>}
        <span class="timeline-when muted">
          <Time at={event.at} />
          {run.lastedMs !== null && <span>{parts("backend.lasted", { span: <Duration ms={run.lastedMs} /> })}</span>}
          {run.lasts && <span>{t("backend.lasts")}</span>}
          {event.actor !== "node" && <span>{t("events.by", { actor: event.actor })}</span>}
        </span>
      </div>
    </li>
  );
}

const RUN_KEYS = [
  "backend_available",
  "backend_unavailable",
  "backend_draining",
  "backend_disabled",
  "wish_draining",
  "wish_disabled",
  "wish_enabled",
  "done_draining",
  "done_disabled",
  "done_enabled",
  "node_unreachable",
  "node_back",
  "node_departed",
  "node_joined",
  "node_restarted",
] as const;

/** Without the name of the backend, which stands above the timeline; with up to three of the nodes. */
function RunSentence({ run }: { readonly run: EventRun }): ComponentChildren {
  const [event] = run.events;
  const sentence = sentenceOf(event);
  const key = RUN_KEYS.find((one) => one === sentence);
  return key === undefined ? <EventSentence event={event} /> : parts(`backend.run_${key}`, { nodes: <NodeNames run={run} /> });
}

function NodeNames({ run }: { readonly run: EventRun }) {
  const ids = run.events.flatMap(({ node }: EventEntry) => node ?? []);
  const first = ids.slice(0, NODES_MOST);
  const rest = ids.length - first.length;
  const list = new Intl.ListFormat(currentLocale(), rest > 0 ? { type: "unit" } : {});
  const nodes = list.formatToParts(first).map(({ type, value }) =>
    type === "element" ? (
      <Link key={value} to={{ page: "nodes", path: [value] }}>
        {value}
      </Link>
    ) : (
      value
    ),
  );
  return <>{rest > 0 ? parts<"backend.run_more", ComponentChildren>("backend.run_more", { nodes, count: rest }) : nodes}</>;
}
