/** The columns of the list of models. */
import { NodesBar } from "@/components/bars";
import { ChipList } from "@/components/chip";
import { StatusBadge } from "@/components/status";
import type { Column } from "@/components/virtual_rows";
import { formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import type { ClusterModelEntry } from "@/core/wire.gen";
import { standOf } from "@/pages/models/listing";

/** The columns of the list of models. */
export function modelColumns(): readonly Column<ClusterModelEntry>[] {
  return [
    { name: "model", title: t("models.model"), sortable: true, cell: (model) => <ModelName model={model} /> },
    { name: "status", title: t("models.status"), sortable: true, cell: (model) => <StatusBadge status={standOf(model)} /> },
    { name: "backends", title: t("models.backends"), sortable: true, cell: (model) => <BackendsBar model={model} /> },
    {
      name: "nodes",
      title: t("models.nodes"),
      sortable: true,
      cell: (model) => <NodesBar available={model.nodes_available} total={model.nodes} />,
    },
    { name: "kinds", title: t("models.kinds"), cell: (model) => <ChipList items={model.kinds} max={2} /> },
    {
      name: "context",
      title: t("models.context"),
      hint: t("models.context_hint"),
      sortable: true,
      numeric: true,
      cell: (model) => contextText(model),
    },
    { name: "can", title: t("models.can"), cell: (model) => <ChipList items={abilitiesOf(model)} max={3} /> },
    {
      name: "residency",
      title: t("models.residency"),
      hint: t("models.residency_hint"),
      cell: (model) => residencyText(model),
    },
  ];
}

function ModelName({ model }: { readonly model: ClusterModelEntry }) {
  return (
    <span class="mono" title={model.name === model.id ? model.id : `${model.id}\n${model.name}`}>
      {model.id}
    </span>
  );
}

function BackendsBar({ model }: { readonly model: ClusterModelEntry }) {
  const { backends_available: available, backends: total } = model;
  return <NodesBar available={available} total={total} label={t("models.backends_of", { available, total })} />;
}

/** Tokens that a request may have: one number, or the least and the most of the backends; a dash if no backend says. */
export function contextText({ context_length_least: least, context_length: most }: ClusterModelEntry): string {
  if (most === 0) {
    return "–";
  }
  return least === most || least === 0
    ? formatNumber(most)
    : t("models.context_range", { least: formatNumber(least), most: formatNumber(most) });
}

/** What a model can, as some backend says. */
export function abilitiesOf(model: ClusterModelEntry): string[] {
  return [
    ...(model.supports_tools ? [t("models.tools")] : []),
    ...(model.supports_vision ? [t("models.vision")] : []),
    ...(model.supports_json_mode ? [t("models.json")] : []),
  ];
}

/** Where its backends have a model, with how many of them. */
export function residencyText(model: ClusterModelEntry): string {
  const places = Object.entries(model.residency).filter(([, count]) => count > 0);
  return places.map(([where, count]) => t("models.residency_count", { where, count })).join(", ") || "–";
}
