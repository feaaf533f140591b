/** The field for the reason of a batch, and the reasons that were given lately. */

import type { Signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Field } from "@/components/field";
import { t } from "@/core/i18n";
import { preferences } from "@/state/preferences";

const LENGTH_MOST = 256;
const OFFERED_MOST = 4;

/** The reason: one line, needed. It has the focus when the dialog opens. */
export function ReasonField({ value }: { readonly value: Signal<string> }) {
  const field = useRef<HTMLInputElement>(null);
  const recent = preferences.value.reasons.slice(0, OFFERED_MOST);
  const take = (reason: string) => {
    value.value = reason;
    field.current?.focus();
  };
  return (
    <div class="bulk-reason">
      <Field label={t("backends.bulk_reason")} hint={t("backends.bulk_reason_hint")}>
        {(ids) => (
          <input
            {...ids}
            ref={field}
            class="input"
            value={value}
            onInput={(event) => {
              value.value = event.currentTarget.value;
            }}
            maxLength={LENGTH_MOST}
            required
            autofocus
            autocomplete="off"
          />
        )}
      </Field>
      {recent.length > 0 && (
        <ul class="bulk-recent" aria-label={t("backends.bulk_recent")}>
          {recent.map((reason) => (
            <li key={reason}>
              <button type="button" class="bulk-chip" onClick={() => take(reason)}>
                {reason}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
