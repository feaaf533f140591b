/** How many rows would move, while the order stays as it is. */

import { Button } from "@/components/button";
import { KeyHint } from "@/components/key_hint";
import { t } from "@/core/i18n";
import { applyOrder } from "@/pages/backends/freezing";
import { order, pulse } from "@/pages/backends/list_state";

/** The note, which is there when something has moved. */
export function MovedNote() {
  pulse.value;
  const { moved } = order;
  if (moved === 0) {
    return null;
  }
  return (
    <div class="moved-note">
      <span title={t("backends.apply_hint")}>{t("backends.moved", { count: moved })}</span>
      <Button kind="ghost" onClick={applyOrder}>
        {t("backends.apply")} <KeyHint keys="." />
      </Button>
    </div>
  );
}
