/** Small labels: operations, models, tags. */
import type { ComponentChildren } from "preact";
import { Popover } from "@/components/popover";
import { t } from "@/core/i18n";
import "./chip.css";

interface ChipProps {
  readonly children: ComponentChildren;
  /** Makes a button of the cross after the label. */
  readonly onRemove?: (() => void) | undefined;
  /** What the cross does, for those who do not see it. */
  readonly removeLabel?: string | undefined;
  readonly tone?: "plain" | "accent" | undefined;
}

/** One label. */
export function Chip({ children, onRemove, removeLabel, tone = "plain" }: ChipProps) {
  return (
    <span class={`chip chip-${tone}`}>
      <span class="cut">{children}</span>
      {onRemove === undefined ? null : (
        <button type="button" class="chip-remove" aria-label={removeLabel ?? t("shell.remove")} onClick={onRemove}>
          <span aria-hidden="true">×</span>
        </button>
      )}
    </span>
  );
}

/** Labels in a row: the first `max` of them, and the others behind a button `+3`. */
export function ChipList({ items, max = 3 }: { readonly items: readonly string[]; readonly max?: number }) {
  // A button for a single one would take the room of that one.
  const shown = items.length <= max + 1 ? items : items.slice(0, max);
  const rest = items.slice(shown.length);
  return (
    <span class="chips">
      {shown.map((item) => (
        <Chip key={item}>{item}</Chip>
      ))}
      {rest.length === 0 ? null : (
        <Popover
          label={t("shell.more_items", { count: rest.length })}
          trigger={t("shell.and_more", { count: rest.length })}
          triggerClass="chip chip-more"
        >
          <ul class="chips chips-all">
            {items.map((item) => (
              <li key={item}>
                <Chip>{item}</Chip>
              </li>
            ))}
          </ul>
        </Popover>
      )}
    </span>
  );
}
