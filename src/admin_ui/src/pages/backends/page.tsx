/** The list of backends: what is broken, since when and why; and steering what is chosen. */

import { computed, useComputed, useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { FirstRun } from "@/components/first_run";
import { PageHead } from "@/components/page_head";
import { Skeleton } from "@/components/skeleton";
import { formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import { ColumnsMenu } from "@/pages/backends/columns_menu";
import { Counts } from "@/pages/backends/counts";
import { DrawerPlace } from "@/pages/backends/drawer_place";
import { ExportMenu } from "@/pages/backends/export_menu";
import { Facets } from "@/pages/backends/facets";
import { Grid } from "@/pages/backends/grid";
import { followQuery, membership, order, pulse, query, sort, toggleBroken } from "@/pages/backends/list_state";
import { nodesIn, useMembership } from "@/pages/backends/membership";
import { MovedNote } from "@/pages/backends/moved_note";
import { NoMatch } from "@/pages/backends/no_match";
import { QueryBar } from "@/pages/backends/query_bar";
import { steerSelected } from "@/pages/backends/selecting";
import { SelectionBar } from "@/pages/backends/selection_bar";
import { SortMenu } from "@/pages/backends/sort_menu";
import { TermChips } from "@/pages/backends/term_chips";
import { ViewsMenu } from "@/pages/backends/views_menu";
import { fleet } from "@/state/fleet";
import { now } from "@/state/now";
import { type Action, useActions } from "@/state/overlay";
import { isOperator } from "@/state/session";
import "@/pages/backends/page.css";

/** The page. */
export default function BackendsPage() {
  useList();
  const actions = useComputed(actionsNow).value;
  useActions("backends", actions);
  return (
    <div class="backends">
      <div class="backends-head">
        <PageHead title={t("backends.title")} counts={<Counts />} />
        <div class="backends-tools">
          <QueryBar />
          <div class="backends-buttons">
            <Facets />
            <SortMenu />
            <ColumnsMenu />
            <ExportMenu />
            <ViewsMenu />
          </div>
        </div>
        <TermChips />
      </div>
      <div class="backends-main">
        <div class={`backends-list ${isOld.value ? "is-old" : ""}`}>
          <List />
          <SelectionBar />
          <Foot />
        </div>
        <DrawerPlace />
      </div>
    </div>
  );
}

/** What the palette can do here. */
function actionsNow(): readonly Action[] {
  const broken = { id: "backends-broken", label: t("backends.action_broken"), keys: "b", run: toggleBroken };
  const drain = { id: "backends-drain", label: t("backends.action_drain"), keys: "d", run: () => steerSelected("drain") };
  return isOperator.value ? [broken, drain] : [broken];
}

/** Whether what is shown may have changed without the page knowing; how old it is, is said above. */
const isOld = computed(() => ["reconnecting", "signed_out"].includes(fleet.connection.value.state));

/** Keep the rows that are shown as the address and the query say. */
function useList(): void {
  const known = useMembership(query.value);
  useSignalEffect(followQuery);
  useEffect(
    () =>
      known.subscribe((keys) => {
        membership.value = keys;
      }),
    [known],
  );
  useSignalEffect(() => order.set(query.value, sort.value, membership.value));
  useSignalEffect(() => {
    now.value;
    order.tick();
  });
}

/** The rows, or what is to be said in their place. */
function List() {
  pulse.value;
  if (!fleet.loaded.value) {
    return <Skeleton rows={16} />;
  }
  if (fleet.store.size === 0) {
    return <FirstRun />;
  }
  return (
    <>
      <Grid />
      {order.length === 0 && <Nothing />}
    </>
  );
}

function Nothing() {
  const isAsking = nodesIn(query.value).length > 0 && membership.value === undefined;
  return <div class="backends-nothing">{isAsking ? <p class="muted">{t("backends.node_loading")}</p> : <NoMatch />}</div>;
}

/** How many are shown of how many, and how many would move. */
function Foot() {
  pulse.value;
  const count = fleet.store.size;
  const shown = order.matching;
  if (!fleet.loaded.value) {
    return null;
  }
  return (
    <div class="backends-foot">
      <span class="muted">
        {shown === count ? t("backends.all", { count }) : t("backends.shown", { shown: formatNumber(shown), count })}
      </span>
      <MovedNote />
    </div>
  );
}
