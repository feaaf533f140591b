/** What is shown, as a file: made here of what the page has, or by the hub with all nodes. */

import { Menu, type MenuItem } from "@/components/menu";
import { EXPORT_FORMATS, EXPORT_TYPES, type ExportFormat, exported } from "@/core/export";
import { t } from "@/core/i18n";
import { hubParams } from "@/pages/backends/hub_query";
import { order, pulse, query } from "@/pages/backends/list_state";
import { fleet } from "@/state/fleet";
import { saveFile } from "@/state/save_file";

/** The button that opens the kinds of file. */
export function ExportMenu() {
  pulse.value;
  return <Menu label={t("backends.export")} icon="download" items={[...shownItems(), ...hubItems()]} />;
}

function shownItems(): MenuItem[] {
  return EXPORT_FORMATS.map((format) => ({
    id: `shown-${format}`,
    label: t("backends.export_shown", { count: order.length, format: t(`backends.export_${format}`) }),
    disabled: order.length === 0,
    run: () => void save(format),
  }));
}

/** The hub's own export, where the hub knows filters that say the same as the query. */
function hubItems(): MenuItem[] {
  const params = hubParams(query.value);
  return EXPORT_FORMATS.map((format) => {
    const id = `hub-${format}`;
    const label = t("backends.export_hub", { format: t(`backends.export_${format}`) });
    if (typeof params === "string") {
      return { id, label, hint: t("backends.export_hub_not", { term: params }), disabled: true };
    }
    const asked = new URLSearchParams(params);
    asked.set("format", format);
    return { id, label, href: `api/backends/export?${asked}`, download: "" };
  });
}

async function save(format: ExportFormat): Promise<void> {
  const pieces: string[] = [];
  for (const piece of exported(fleet.store, order.rows.slice(), format)) {
    pieces.push(piece);
    // Others have their turn between two pieces.
    await new Promise((resolve) => setTimeout(resolve));
  }
  saveFile("backends", format, EXPORT_TYPES[format], pieces);
}
