/** What could come next in the query. */

import { formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import type { Completion } from "@/core/query";

interface SuggestionsProps {
  readonly id: string;
  readonly items: readonly Completion[];
  /** The one that Enter takes; -1 for none. */
  readonly active: number;
  readonly onChoose: (item: Completion) => void;
}

/** The list below the field; it is always there, so that the field can name it. */
export function Suggestions({ id, items, active, onChoose }: SuggestionsProps) {
  return (
    <div id={id} role="listbox" class="suggestions" aria-label={t("backends.completions")} hidden={items.length === 0}>
      {items.map((item, at) => (
        // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus, and names the option
        // biome-ignore lint/a11y/useKeyWithClickEvents: keys are those of the field
        <div
          key={`${item.field} ${item.value}`}
          id={`${id}-${at}`}
          role="option"
          class="suggestion"
          aria-selected={at === active}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onChoose(item)}
        >
          <span class="suggestion-field">{item.field}</span>
          <span class="suggestion-value cut">{item.value || t(`backends.field_${item.field}`)}</span>
          {item.count !== undefined && <span class="suggestion-count">{formatNumber(item.count)}</span>}
        </div>
      ))}
    </div>
  );
}
