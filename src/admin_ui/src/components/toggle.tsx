/** A button that opens what belongs to a row. */

import { Icon } from "@/components/icon";
import "@/components/button.css";
import "./toggle.css";

/** What a toggle is for, and whether it is open. */
export interface ToggleProps {
  readonly label: string;
  readonly open: boolean;
  readonly onToggle: (open: boolean) => void;
}

/** An arrow that points down to what can be opened, and up from what is. */
export function Toggle({ label, open, onToggle }: ToggleProps) {
  return (
    <button
      type="button"
      class="button button-ghost button-icon row-toggle"
      aria-expanded={open}
      aria-label={label}
      title={label}
      onClick={() => onToggle(!open)}
    >
      <Icon name={open ? "up" : "down"} />
    </button>
  );
}
