/** The part of a node's page about its backends. */
import { useComputed, useSignal } from "@preact/signals";
import { Segmented } from "@/components/choice";
import { SearchField } from "@/components/field";
import { t } from "@/core/i18n";
import type { NodeBackendEntry, NodeDetail } from "@/core/wire.gen";
import { DiffList } from "@/pages/node/diff_list";
import type { BackendFilter } from "@/pages/node/filter";
import { LiveList } from "@/pages/node/live_list";
import { StoredList } from "@/pages/node/stored_list";
import type { Pages } from "@/state/paged";
import { place, setParams } from "@/state/place";
import { useSearchKey } from "@/state/search_key";

interface Props {
  readonly node: NodeDetail;
  /** Of the node in the hub's API. */
  readonly path: string;
  readonly stored: Pages<NodeBackendEntry>;
  /** Called after something was done to the node. */
  readonly refresh: () => void;
}

const SOURCES = ["stored", "node", "diff"] as const;
type Source = (typeof SOURCES)[number];

const STATUSES = ["", "unavailable", "withdrawn", "available"] as const;

/** The backends of a node: as it has reported them, as it says now, or both side by side. */
export function BackendsSection({ node, path, stored, refresh }: Props) {
  const source = useComputed(() => sourceOf(place.value.params)).value;
  const filter = useSignal<BackendFilter>({ text: "", status: "" });
  const inputRef = useSearchKey();
  return (
    <section class="panel node-backends" aria-labelledby="node-backends">
      <div class="panel-head">
        <h2 id="node-backends">{t("nodes.section")}</h2>
        <Segmented
          label={t("nodes.source")}
          options={SOURCES.map((value) => ({ value, label: t(`nodes.source_${value}`) }))}
          value={source}
          onChange={(value) => setParams({ source: value === "stored" ? null : value })}
        />
      </div>
      <p class="muted">{t(`nodes.source_${source}_hint`)}</p>
      <div class="list-tools">
        <SearchField
          label={t("nodes.search_backends")}
          value={filter.value.text}
          hint="/"
          inputRef={inputRef}
          onInput={(text) => {
            filter.value = { ...filter.value, text };
          }}
        />
        <Segmented
          label={t("nodes.status")}
          options={STATUSES.map((value) => ({ value, label: t(`nodes.show_${value === "" ? "all" : value}`) }))}
          value={filter.value.status}
          onChange={(status) => {
            filter.value = { ...filter.value, status };
          }}
        />
      </div>
      {source === "stored" && <StoredList node={node} stored={stored} filter={filter.value} refresh={refresh} />}
      {source === "node" && <LiveList path={path} filter={filter.value} />}
      {source === "diff" && <DiffList path={path} filter={filter.value} />}
    </section>
  );
}

function sourceOf(params: URLSearchParams): Source {
  return SOURCES.find((source) => source === params.get("source")) ?? "stored";
}
