/** The part about the nodes: at a glance, by reason, and one by one. */

import { useState } from "preact/hooks";
import { NodesBar } from "@/components/bars";
import { Button } from "@/components/button";
import { SearchField } from "@/components/field";
import { t } from "@/core/i18n";
import type { ClusterBackend } from "@/core/wire.gen";
import { type NodeFilter, type NodeRow, wantedRows } from "@/pages/backend/node_rows";
import { NodeStrip } from "@/pages/backend/node_strip";
import { NodeTable } from "@/pages/backend/node_table";
import { Section } from "@/pages/backend/section";

/** What is shown. */
export interface NodesProps {
  readonly backend: ClusterBackend;
  readonly rows: readonly NodeRow[];
}

const EVERYTHING: NodeFilter = { text: "", status: null };
/** With fewer nodes nobody needs to search. */
const SEARCH_FROM = 8;

/** Strip, filters and table. */
export function Nodes({ backend, rows }: NodesProps) {
  const [filter, setFilter] = useState(EVERYTHING);
  const shown = wantedRows(rows, filter);
  const withdrawn = backend.intents.draining + backend.intents.disabled;
  return (
    <Section
      title={t("backend.nodes")}
      aside={<NodesBar available={backend.available_nodes} withdrawn={withdrawn} total={backend.total_nodes} />}
    >
      <NodeStrip
        rows={rows}
        chosen={filter.status}
        onNode={(text) => setFilter({ ...EVERYTHING, text })}
        onStatus={(status) => setFilter(status === filter.status ? EVERYTHING : { ...EVERYTHING, status })}
      />
      {(rows.length >= SEARCH_FROM || filter !== EVERYTHING) && <Filters filter={filter} onFilter={setFilter} />}
      {shown.length > 0 ? (
        <NodeTable key={JSON.stringify(filter)} rows={shown} />
      ) : (
        <p class="muted">{t("backend.no_nodes")}</p>
      )}
    </Section>
  );
}

interface FiltersProps {
  readonly filter: NodeFilter;
  readonly onFilter: (filter: NodeFilter) => void;
}

function Filters({ filter, onFilter }: FiltersProps) {
  const isOn = filter.status !== null || filter.text !== "";
  return (
    <div class="node-filters">
      <SearchField label={t("backend.filter_nodes")} value={filter.text} onInput={(text) => onFilter({ ...filter, text })} />
      {isOn && (
        <Button kind="ghost" onClick={() => onFilter(EVERYTHING)}>
          {t("backend.show_all")}
        </Button>
      )}
    </div>
  );
}
