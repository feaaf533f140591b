// biome-ignore-all lint/a11y/useSemanticElements: what is in the group is no form
/** Filters to choose from, with how many backends each would show. */

import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { Icon } from "@/components/icon";
import { Popover } from "@/components/popover";
import type { FacetValue } from "@/core/facets";
import { formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import { toggled } from "@/core/query";
import { hasTerm } from "@/core/query_edit";
import { useFacets } from "@/pages/backends/facet_counts";
import { queryText, setQuery } from "@/pages/backends/list_state";
import "@/pages/backends/facets.css";

const FIELDS = ["status", "intent", "kind", "op", "transport", "node", "model", "tag"] as const;

type Field = (typeof FIELDS)[number];

/** Values that are listed without looking for them. */
const LISTED_MOST = 8;

/** The button that opens the filters. */
export function Facets() {
  return (
    <Popover
      trigger={
        <>
          <Icon name="filter" />
          <span class="button-words">{t("backends.facets")}</span>
        </>
      }
      triggerClass="button button-plain"
      panelClass="facets-panel"
    >
      <FacetPanel />
    </Popover>
  );
}

/** All filters. They are counted while they are shown. */
function FacetPanel() {
  const facets = useFacets(true);
  return (
    <div class="facets" role="group" aria-label={t("backends.facets_title")}>
      {FIELDS.map((field) => (
        <Facet key={field} field={field} values={facets[field] ?? []} />
      ))}
    </div>
  );
}

function Facet({ field, values }: { readonly field: Field; readonly values: readonly FacetValue[] }) {
  const id = useId();
  const sought = useSignal("");
  const fitting = values.filter(({ value }) => value.toLowerCase().includes(sought.value.toLowerCase()));
  const isChosen = ({ value }: FacetValue) => hasTerm(queryText.value, field, value);
  const listed = [...fitting].sort((one, other) => Number(isChosen(other)) - Number(isChosen(one))).slice(0, LISTED_MOST);
  const more = fitting.length - listed.length;
  return (
    <section class="facet" aria-labelledby={id}>
      <h2 id={id}>{t(`backends.facet_${field}`)}</h2>
      {values.length > LISTED_MOST && (
        <input
          type="search"
          class="input facet-find"
          aria-label={t("backends.facet_find")}
          placeholder={t("backends.facet_find")}
          value={sought}
          onInput={(event) => {
            sought.value = event.currentTarget.value;
          }}
        />
      )}
      {listed.length === 0 && <p class="muted">{t("backends.facet_none")}</p>}
      <ul>
        {listed.map((value) => (
          <FacetRow key={value.value} field={field} value={value} isChosen={isChosen(value)} />
        ))}
      </ul>
      {more > 0 && <p class="muted facet-more">{t("backends.facet_more", { count: more })}</p>}
    </section>
  );
}

interface FacetRowProps {
  readonly field: Field;
  readonly value: FacetValue;
  readonly isChosen: boolean;
}

function FacetRow({ field, value: { value, count }, isChosen }: FacetRowProps) {
  return (
    <li>
      <label class="facet-row">
        <input type="checkbox" checked={isChosen} onChange={() => setQuery(toggled(queryText.peek(), field, value))} />
        <span class="facet-value cut" title={value}>
          {value}
        </span>
        <span class="facet-count">{formatNumber(count)}</span>
      </label>
    </li>
  );
}
