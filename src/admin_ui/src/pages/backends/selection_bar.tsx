// biome-ignore-all lint/a11y/useSemanticElements: what is in the group is no form
/** What is chosen, and what can be done with it. */

import { Button } from "@/components/button";
import { KeyHint } from "@/components/key_hint";
import { t } from "@/core/i18n";
import { order, pulse, selection, selectionChanges } from "@/pages/backends/list_state";
import { copyNames, steerSelected, toggleShown } from "@/pages/backends/selecting";
import { isOperator } from "@/state/session";

/** The bar below the list; it is there while something is chosen. */
export function SelectionBar() {
  selectionChanges.value;
  pulse.value;
  const chosen = selection.size;
  if (chosen === 0) {
    return null;
  }
  const inView = selection.countIn(order);
  return (
    <div class="selection-bar" role="group" aria-label={t("backends.actions")}>
      <b>{t("backends.selected", { count: chosen })}</b>
      {inView < chosen && <span class="muted">{t("backends.selected_hidden", { count: chosen - inView })}</span>}
      {inView < order.length && (
        <Button kind="ghost" onClick={toggleShown}>
          {t("backends.select_matching", { count: order.length })}
        </Button>
      )}
      <span class="selection-actions">
        {isOperator.value && (
          <>
            <Button onClick={() => steerSelected("drain")}>
              {t("backends.drain")} <KeyHint keys="d" />
            </Button>
            <Button onClick={() => steerSelected("disable")}>{t("backends.disable")}</Button>
            <Button onClick={() => steerSelected("enable")}>{t("backends.enable")}</Button>
          </>
        )}
        <Button icon="copy" onClick={() => void copyNames()}>
          {t("backends.copy_names")}
        </Button>
        <Button kind="ghost" icon="close" label={t("backends.unselect")} onClick={() => selection.clear()} />
      </span>
    </div>
  );
}
