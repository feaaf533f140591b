/** The part about what a backend can do and how it is set up, as all its nodes together say. */

import type { ComponentChildren } from "preact";
import { ChipList } from "@/components/chip";
import { CopyButton } from "@/components/copy_button";
import { Facts } from "@/components/facts";
import { Link } from "@/components/link";
import { formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import type { ClusterBackend } from "@/core/wire.gen";
import { distinct } from "@/pages/backend/node_rows";
import { Section } from "@/pages/backend/section";

const CHIPS_MOST = 12;
const MODELS_MOST = 12;
const URLS_MOST = 4;

/** Facts of a backend. */
export function Capabilities({ backend }: { readonly backend: ClusterBackend }) {
  const urls = distinct(backend.nodes, (node) => node.base_url).filter(Boolean);
  return (
    <Section title={t("backend.capabilities")}>
      <Facts
        facts={[
          [t("backend.kind"), backend.kind],
          [t("backend.operations"), <Chips key="operations" items={backend.operations} none={t("backend.operations_all")} />],
          [t("backend.transports"), <Chips key="transports" items={backend.transports} />],
          [t("backend.features"), <Chips key="features" items={backend.features} />],
          [t("backend.models"), <Models key="models" ids={backend.models} />],
          [t("backend.tags"), <Chips key="tags" items={backend.tags} />],
          [t("backend.weight_priority"), t("backend.weight_and_priority", numbersOf(backend))],
          [t("backend.urls"), urls.length > 0 && <Urls key="urls" urls={urls} />],
        ]}
      />
    </Section>
  );
}

/** Weights and priorities: of most backends each is one number. */
function numbersOf({ weights, priorities }: ClusterBackend): { weight: string; priority: string } {
  const written = (values: readonly number[]) => values.map(formatNumber).join(", ");
  return { weight: written(weights), priority: written(priorities) };
}

function Chips({ items, none }: { readonly items: readonly string[]; readonly none?: string }) {
  return items.length > 0 ? (
    <ChipList items={items} max={CHIPS_MOST} />
  ) : (
    <span class="muted">{none ?? t("backend.none")}</span>
  );
}

/** The first of many, and a button for the others. */
function Models({ ids }: { readonly ids: readonly string[] }): ComponentChildren {
  if (ids.length === 0) {
    return <span class="muted">{t("backend.none")}</span>;
  }
  return (
    <ul class="fact-list">
      {ids.slice(0, MODELS_MOST).map((id) => (
        <li key={id}>
          <Link to={{ page: "models", params: { q: id } }} class="mono">
            {id}
          </Link>
        </li>
      ))}
      <Rest count={ids.length - MODELS_MOST} />
    </ul>
  );
}

function Urls({ urls }: { readonly urls: readonly string[] }) {
  return (
    <ul class="fact-list">
      {urls.slice(0, URLS_MOST).map((url) => (
        <li key={url} class="fact-url">
          <span class="mono">{url}</span>
          <CopyButton text={url} kind="ghost" bare />
        </li>
      ))}
      <Rest count={urls.length - URLS_MOST} />
    </ul>
  );
}

/** How many more there are; the raw JSON has them. */
function Rest({ count }: { readonly count: number }) {
  return count > 0 ? <li class="muted">{t("backend.more", { count })}</li> : null;
}
