/** The list of nodes. */
import { useComputed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { Button } from "@/components/button";
import { Empty } from "@/components/empty";
import { SearchField } from "@/components/field";
import { FirstRun } from "@/components/first_run";
import { PageHead } from "@/components/page_head";
import { Problem } from "@/components/problem";
import { Skeleton } from "@/components/skeleton";
import { SortChoice } from "@/components/sort_choice";
import { VirtualRows } from "@/components/virtual_rows";
import { t } from "@/core/i18n";
import { listSortAfter } from "@/core/list_sort";
import type { NodeEntry } from "@/core/wire.gen";
import { useNodes } from "@/pages/nodes/all_nodes";
import { nodeColumns } from "@/pages/nodes/columns";
import { FENCED, NODE_SORTS, type NodeQuery, nodeQueryOf, nodesWanted, standingCounts } from "@/pages/nodes/listing";
import { NodeDialogs } from "@/pages/nodes/node_dialog";
import { StandingFilter } from "@/pages/nodes/standing_filter";
import { go, place, setParams } from "@/state/place";
import { useSearchKey } from "@/state/search_key";
import "@/pages/nodes/nodes.css";

const NO_FILTER = { q: null, standing: null };

/** All nodes of the fleet, the worst first. */
export default function NodesPage() {
  const query = useComputed(() => nodeQueryOf(place.value.params));
  const asked = query.value;
  const nodes = useNodes([...FENCED].some((standing) => asked.standings.has(standing)));
  const all = nodes.entries.value;
  // No signal: with other standings the list comes from another one, which a computed value would not follow.
  const wanted = useMemo(() => nodesWanted(all ?? [], asked), [all, asked]);
  const problem = nodes.first.problem.value;
  const inputRef = useSearchKey();
  return (
    <div class="list-page">
      <div class="list-head">
        <PageHead
          title={t("nodes.title")}
          counts={all === undefined ? undefined : countText(all.length, nodes.total.value, wanted.length)}
        />
        <div class="list-tools">
          <SearchField
            label={t("nodes.search")}
            value={asked.text}
            hint="/"
            inputRef={inputRef}
            onInput={(q) => setParams({ q }, { replace: true })}
          />
          <StandingFilter counts={standingCounts(all ?? [])} chosen={asked.standings} />
          <SortChoice
            label={t("nodes.sort_by")}
            value={asked.sort}
            onChoose={(name) => setParams({ sort: listSortAfter(undefined, name, NODE_SORTS) }, { replace: true })}
            options={NODE_SORTS.names.map((name) => ({ value: name, label: t(`nodes.${name}`) }))}
          />
        </div>
        {problem !== undefined && <Problem problem={problem} retry={nodes.first.refresh} />}
      </div>
      {all === undefined && problem === undefined && <Skeleton rows={12} />}
      {all !== undefined && <Rows wanted={wanted} query={asked} />}
      <NodeDialogs onDone={nodes.first.refresh} />
    </div>
  );
}

function Rows({ wanted, query }: { readonly wanted: readonly NodeEntry[]; readonly query: NodeQuery }) {
  if (wanted.length === 0) {
    return <NoRows isFiltered={query.text !== "" || query.standings.size > 0} />;
  }
  return (
    <VirtualRows
      label={t("nodes.list")}
      layout="nodes-rows"
      columns={nodeColumns()}
      entries={wanted}
      keyOf={(node) => node.node_id}
      question={place.value.params.toString()}
      sorted={{ name: query.sort, descending: query.descending }}
      onSort={(name) => setParams({ sort: listSortAfter(query, name, NODE_SORTS) }, { replace: true })}
      onOpen={(node) => go({ page: "nodes", path: [node.node_id] })}
    />
  );
}

function NoRows({ isFiltered }: { readonly isFiltered: boolean }) {
  return isFiltered ? (
    <Empty
      title={t("nodes.none_match_title")}
      text={t("nodes.none_match_text")}
      action={<Button onClick={() => setParams(NO_FILTER)}>{t("nodes.clear")}</Button>}
    />
  ) : (
    <FirstRun />
  );
}

function countText(loaded: number, total: number, wanted: number): string {
  if (loaded < total) {
    return t("nodes.loading", { count: loaded });
  }
  return wanted === loaded ? t("nodes.count", { count: wanted }) : t("nodes.matching", { count: wanted, total: loaded });
}
