/** The short messages about what was done. */

import { Button } from "@/components/button";
import { t } from "@/core/i18n";
import { type ShownToast, takeAway, toasts } from "@/state/toasts";
import "./toasts.css";

function ToastBox({ toast }: { readonly toast: ShownToast }) {
  const { id, text, tone, action } = toast;
  return (
    <div class={`toast toast-${tone}`}>
      <span class="toast-text">{text}</span>
      {action === undefined ? null : (
        <Button
          kind="ghost"
          onClick={() => {
            takeAway(id);
            action.run();
          }}
        >
          {action.label}
        </Button>
      )}
      <Button kind="ghost" icon="close" label={t("shell.close")} onClick={() => takeAway(id)} />
    </div>
  );
}

/** All that are shown, at the bottom of the window. They are read aloud when they come. */
export function Toasts() {
  return (
    <section class="toasts" aria-label={t("shell.messages")} aria-live="polite">
      {toasts.value.map((toast) => (
        <ToastBox key={toast.id} toast={toast} />
      ))}
    </section>
  );
}
