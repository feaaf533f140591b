/** What events are filtered by. The address holds it. */

import { useState } from "preact/hooks";
import { Button } from "@/components/button";
import { t } from "@/core/i18n";
import type { EventEntry } from "@/core/wire.gen";
import { type EventFilter, filterPatch, isBackendText, isFiltered } from "@/pages/events/filter";
import { KindMenu } from "@/pages/events/kind_menu";
import { actorsOf, backendTexts, useNodeIds } from "@/pages/events/suggestions";
import { TextFilter } from "@/pages/events/text_filter";
import { setParams } from "@/state/place";

/** The filter, and what is shown by it. */
export interface EventFiltersProps {
  readonly filter: EventFilter;
  readonly events: readonly EventEntry[];
}

type Change = Parameters<typeof filterPatch>[0];

const change = (wanted: Change) => setParams(filterPatch(wanted));

/** Kinds, node, backend and who. */
export function EventFilters({ filter, events }: EventFiltersProps) {
  const nodes = useNodeIds();
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <search class="event-filters" aria-label={t("events.filters")}>
      <KindMenu kinds={filter.kinds} onChange={(kinds) => change({ kinds })} />
      <TextFilter
        label={t("events.node")}
        hint={t("events.node_hint")}
        value={filter.node}
        suggestions={nodes.ids}
        onTyped={nodes.look}
        onChange={(node) => change({ node })}
      />
      <TextFilter
        label={t("events.backend")}
        hint={t("events.backend_hint")}
        value={filter.backend}
        suggestions={typed === null ? [] : backendTexts(typed)}
        problemOf={(text) => (isBackendText(text) ? undefined : t("events.backend_wrong"))}
        onTyped={setTyped}
        onChange={(backend) => change({ backend })}
      />
      <TextFilter
        label={t("events.actor")}
        hint={t("events.actor_hint")}
        value={filter.actor}
        suggestions={actorsOf(events)}
        onChange={(actor) => change({ actor })}
      />
      {isFiltered(filter) && (
        <Button kind="ghost" icon="close" onClick={clearFilters}>
          {t("events.clear")}
        </Button>
      )}
    </search>
  );
}

/** Want all again. */
export function clearFilters(): void {
  change({ kinds: new Set(), node: "", backend: "", actor: "" });
}
