/** The saved views: to open, to rename, to delete. */
import { useState } from "preact/hooks";
import { Button } from "@/components/button";
import { Link } from "@/components/link";
import { t } from "@/core/i18n";
import type { To } from "@/state/place";
import { prefer, preferences, type SavedView } from "@/state/preferences";
import { say } from "@/state/toasts";

function placeOfView({ q, sort, columns }: SavedView): To {
  return { page: "backends", params: { q, sort, columns } };
}

function removeView(view: SavedView): void {
  const before = preferences.peek().views;
  prefer({ views: before.filter(({ name }) => name !== view.name) });
  say({
    text: t("preferences.removed", { name: view.name }),
    tone: "plain",
    action: { label: t("preferences.undo"), run: () => prefer({ views: before }) },
  });
}

/** Why a view cannot have this name; undefined if it can. */
function fault(name: string, before: string): string | undefined {
  if (name === "") {
    return t("preferences.unnamed");
  }
  const isTaken = name !== before && preferences.peek().views.some((view) => view.name === name);
  return isTaken ? t("preferences.taken") : undefined;
}

function Renaming({ view, onDone }: { readonly view: SavedView; readonly onDone: () => void }) {
  const [name, setName] = useState(view.name);
  const wrong = fault(name.trim(), view.name);
  const submit = (event: Event) => {
    event.preventDefault();
    if (wrong === undefined) {
      prefer({
        views: preferences.peek().views.map((each) => (each.name === view.name ? { ...each, name: name.trim() } : each)),
      });
      onDone();
    }
  };
  return (
    <form class="view" onSubmit={submit}>
      <input
        ref={(input: HTMLInputElement | null) => input?.focus()}
        class="input"
        aria-label={t("preferences.view_name")}
        aria-invalid={wrong === undefined ? undefined : true}
        value={name}
        maxLength={80}
        onInput={(event) => setName(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && onDone()}
      />
      <span class="field-error" role="alert">
        {wrong}
      </span>
      <Button kind="primary" type="submit" disabled={wrong !== undefined}>
        {t("preferences.save")}
      </Button>
      <Button onClick={onDone}>{t("preferences.cancel")}</Button>
    </form>
  );
}

function View({ view }: { readonly view: SavedView }) {
  const [isRenaming, setRenaming] = useState(false);
  if (isRenaming) {
    return <Renaming view={view} onDone={() => setRenaming(false)} />;
  }
  const { name } = view;
  return (
    <div class="view">
      <Link to={placeOfView(view)} class="view-name">
        {name}
      </Link>
      <code class="view-query cut muted" title={view.q}>
        {view.q || t("preferences.view_everything")}
      </code>
      <Button kind="ghost" icon="edit" label={t("preferences.rename_view", { name })} onClick={() => setRenaming(true)} />
      <Button kind="ghost" icon="trash" label={t("preferences.remove_view", { name })} onClick={() => removeView(view)} />
    </div>
  );
}

/** All saved views. */
export function Views() {
  const { views } = preferences.value;
  if (views.length === 0) {
    return <p class="muted preference-note">{t("preferences.views_none")}</p>;
  }
  return (
    <ul class="views">
      {views.map((view) => (
        <li key={view.name}>
          <View view={view} />
        </li>
      ))}
    </ul>
  );
}
