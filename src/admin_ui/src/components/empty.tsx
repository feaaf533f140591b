/** Where there is nothing to show: what that means, and what can be done about it. */
import type { ComponentChildren } from "preact";
import "./empty.css";

interface EmptyProps {
  readonly title: string;
  readonly text?: ComponentChildren | undefined;
  readonly action?: ComponentChildren | undefined;
}

/** A calm word in place of a list. */
export function Empty({ title, text, action }: EmptyProps) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {text === undefined ? null : <div class="empty-text">{text}</div>}
      {action === undefined ? null : <div class="empty-action">{action}</div>}
    </div>
  );
}
