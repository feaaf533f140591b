/** Views: a query, an order and columns under a name. */

import { useSignal } from "@preact/signals";
import { Button } from "@/components/button";
import { Field } from "@/components/field";
import { Popover } from "@/components/popover";
import { t } from "@/core/i18n";
import { printColumns } from "@/pages/backends/columns";
import { columns, queryText, sort } from "@/pages/backends/list_state";
import { printSort } from "@/pages/backends/sorting";
import { go } from "@/state/place";
import { prefer, preferences, type SavedView, saveView } from "@/state/preferences";
import { say } from "@/state/toasts";
import "@/pages/backends/views_menu.css";

const NAME_MOST = 60;

/** The button that opens the views. */
export function ViewsMenu() {
  return (
    <Popover trigger={t("backends.views")} triggerClass="button button-plain" panelClass="views-panel">
      {(close) => <ViewsPanel close={close} />}
    </Popover>
  );
}

function ViewsPanel({ close }: { readonly close: () => void }) {
  const name = useSignal("");
  const { views } = preferences.value;
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    const named = name.value.trim();
    if (named !== "") {
      saveView({ name: named, q: queryText.peek(), sort: printSort(sort.peek()), columns: printColumns(columns.peek()) });
      say({ text: t("backends.view_saved", { name: named }), tone: "ok" });
      close();
    }
  };
  return (
    <div class="views">
      {views.length === 0 ? <p class="muted">{t("backends.views_none")}</p> : null}
      <ul>
        {views.map((view) => (
          <ViewRow key={view.name} view={view} close={close} />
        ))}
      </ul>
      <form class="views-save" onSubmit={save}>
        <Field label={t("backends.view_name")} hint={t("backends.view_name_hint")}>
          {(ids) => (
            <input
              {...ids}
              class="input"
              maxLength={NAME_MOST}
              autocomplete="off"
              value={name}
              onInput={(event) => {
                name.value = event.currentTarget.value;
              }}
            />
          )}
        </Field>
        <Button type="submit" kind="primary" disabled={name.value.trim() === ""}>
          {t("backends.view_save")}
        </Button>
      </form>
    </div>
  );
}

function ViewRow({ view, close }: { readonly view: SavedView; readonly close: () => void }) {
  const show = () => {
    close();
    go({ page: "backends", params: { q: view.q, sort: view.sort, columns: view.columns } });
  };
  return (
    <li class="views-row">
      <button type="button" class="menu-item" onClick={show}>
        <span class="menu-label cut">{view.name}</span>
        <span class="menu-hint mono cut">{view.q}</span>
      </button>
      <Button
        kind="ghost"
        icon="trash"
        label={t("backends.view_delete", { name: view.name })}
        onClick={() => prefer({ views: preferences.peek().views.filter((other) => other.name !== view.name) })}
      />
    </li>
  );
}
