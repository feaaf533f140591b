/** One preference: what it is, a line about it, and its control. */
import type { ComponentChildren } from "preact";
import { Segmented } from "@/components/choice";
import { t } from "@/core/i18n";

interface RowProps {
  readonly label: string;
  readonly hint: string;
  readonly children: ComponentChildren;
}

/** A preference with its control at the end, or below it in a narrow window. */
export function Row({ label, hint, children }: RowProps) {
  return (
    <div class="preference">
      <div class="preference-words">
        <h3>{label}</h3>
        <p class="muted">{hint}</p>
      </div>
      <div class="preference-control">{children}</div>
    </div>
  );
}

interface SwitchRowProps {
  readonly label: string;
  readonly hint: string;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
}

/** A preference that is on or off. */
export function SwitchRow({ label, hint, value, onChange }: SwitchRowProps) {
  return (
    <Row label={label} hint={hint}>
      <Segmented
        label={label}
        options={[
          { value: "on", label: t("preferences.on") },
          { value: "off", label: t("preferences.off") },
        ]}
        value={value ? "on" : "off"}
        onChange={(chosen) => onChange(chosen === "on")}
      />
    </Row>
  );
}
