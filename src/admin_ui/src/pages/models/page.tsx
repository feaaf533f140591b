/** The list of models. */
import { useComputed } from "@preact/signals";
import { Button } from "@/components/button";
import { Empty } from "@/components/empty";
import { SearchField } from "@/components/field";
import { PageHead } from "@/components/page_head";
import { Problem } from "@/components/problem";
import { Skeleton } from "@/components/skeleton";
import { SortChoice } from "@/components/sort_choice";
import { VirtualRows } from "@/components/virtual_rows";
import { t } from "@/core/i18n";
import { listSortAfter } from "@/core/list_sort";
import type { ClusterModelEntry } from "@/core/wire.gen";
import { modelColumns } from "@/pages/models/columns";
import { isLost, kindsOf, MODEL_SORTS, type ModelQuery, modelQueryOf, modelsWanted } from "@/pages/models/listing";
import { ModelPanel } from "@/pages/models/model_panel";
import { useKeys } from "@/state/keys";
import { usePages } from "@/state/paged";
import { place, setParams } from "@/state/place";
import { useSearchKey } from "@/state/search_key";
import "@/components/panel.css";
import "@/pages/models/models.css";

const EVERY_MS = 5000;
const NO_FILTER = { q: null, kind: null, only: null };

/** All models, with the backends that serve them beside the list. */
export default function ModelsPage() {
  const query = useComputed(() => modelQueryOf(place.value.params));
  const models = usePages<ClusterModelEntry>("api/models?q=", EVERY_MS, idOf);
  const wanted = useComputed(() => modelsWanted(models.entries.value ?? [], query.value)).value;
  const all = models.entries.value;
  const problem = models.first.problem.value;
  const open = place.value.params.get("open") ?? undefined;
  const close = () => {
    setParams({ open: null });
    focusRow();
  };
  useKeys("models", { Escape: () => (open === undefined ? false : close()) });
  return (
    <div class="list-page">
      <div class="list-head">
        <PageHead
          title={t("models.title")}
          counts={all === undefined ? undefined : countText(all.length, models.total.value, wanted.length)}
        />
        <Tools query={query.value} all={all ?? []} />
        {problem !== undefined && <Problem problem={problem} retry={models.first.refresh} />}
      </div>
      {all === undefined && problem === undefined && <Skeleton rows={12} />}
      {all !== undefined && (
        <div class="list-body">
          <Rows wanted={wanted} query={query.value} open={open} />
          {open !== undefined && <ModelPanel key={open} id={open} model={all.find(({ id }) => id === open)} onClose={close} />}
        </div>
      )}
    </div>
  );
}

/** The focus goes back to the list, to the row where it was. */
function focusRow(): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>(".models-rows .vrows-body > [tabindex='0']")?.focus());
}

function idOf(model: ClusterModelEntry): string {
  return model.id;
}

function Tools({ query, all }: { readonly query: ModelQuery; readonly all: readonly ClusterModelEntry[] }) {
  const inputRef = useSearchKey();
  const lost = all.filter(isLost).length;
  return (
    <div class="list-tools">
      <SearchField
        label={t("models.search")}
        value={query.text}
        hint="/"
        inputRef={inputRef}
        onInput={(q) => setParams({ q }, { replace: true })}
      />
      <select
        class="input"
        aria-label={t("models.kind")}
        value={query.kind}
        onChange={(event) => setParams({ kind: event.currentTarget.value })}
      >
        <option value="">{t("models.all_kinds")}</option>
        {kindsOf(all).map((kind) => (
          <option key={kind} value={kind}>
            {kind}
          </option>
        ))}
      </select>
      <SortChoice
        label={t("models.sort_by")}
        value={query.sort}
        onChoose={(name) => setParams({ sort: listSortAfter(undefined, name, MODEL_SORTS) }, { replace: true })}
        options={MODEL_SORTS.names.map((name) => ({ value: name, label: t(`models.${name}`) }))}
      />
      <Button pressed={query.lost} onClick={() => setParams({ only: query.lost ? null : "lost" })}>
        {t("models.lost", { count: lost })}
      </Button>
    </div>
  );
}

interface RowsProps {
  readonly wanted: readonly ClusterModelEntry[];
  readonly query: ModelQuery;
  readonly open: string | undefined;
}

function Rows({ wanted, query, open }: RowsProps) {
  if (wanted.length === 0) {
    return <NoRows isFiltered={query.text !== "" || query.kind !== "" || query.lost} />;
  }
  return (
    <VirtualRows
      label={t("models.list")}
      layout="models-rows"
      columns={modelColumns()}
      entries={wanted}
      keyOf={idOf}
      question={JSON.stringify(query)}
      sorted={{ name: query.sort, descending: query.descending }}
      onSort={(name) => setParams({ sort: listSortAfter(query, name, MODEL_SORTS) }, { replace: true })}
      onOpen={(model) => setParams({ open: model.id === open ? null : model.id })}
      open={open}
    />
  );
}

function NoRows({ isFiltered }: { readonly isFiltered: boolean }) {
  return isFiltered ? (
    <Empty
      title={t("models.none_match_title")}
      text={t("models.none_match_text")}
      action={<Button onClick={() => setParams(NO_FILTER)}>{t("models.clear")}</Button>}
    />
  ) : (
    <Empty title={t("models.none_title")} text={t("models.none_text")} />
  );
}

function countText(loaded: number, total: number, wanted: number): string {
  if (loaded < total) {
    return t("models.loading", { count: loaded });
  }
  return wanted === loaded ? t("models.count", { count: wanted }) : t("models.matching", { count: wanted, total: loaded });
}
