/** Buttons and links. */
import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "@/components/icon";
import "./button.css";

/** How much a button wants to be pressed. */
export type ButtonKind = "plain" | "primary" | "danger" | "ghost";

interface ButtonProps {
  readonly kind?: ButtonKind | undefined;
  readonly icon?: IconName | undefined;
  /** The words on the button; without them `label` is needed. */
  readonly children?: ComponentChildren | undefined;
  /** What it does, where the words do not say it. */
  readonly label?: string | undefined;
  readonly title?: string | undefined;
  readonly type?: "button" | "submit" | undefined;
  readonly disabled?: boolean | undefined;
  /** Something is under way: it cannot be pressed again meanwhile, and keeps the focus. */
  readonly busy?: boolean | undefined;
  readonly pressed?: boolean | undefined;
  readonly class?: string | undefined;
  readonly autofocus?: boolean | undefined;
  readonly onClick?: ((event: MouseEvent) => void) | undefined;
}

/** A button. */
export function Button({
  kind = "plain",
  icon,
  children,
  label,
  title,
  type = "button",
  disabled,
  busy,
  pressed,
  ...rest
}: ButtonProps) {
  const hasWords = children !== undefined && children !== null;
  return (
    <button
      type={type}
      class={`button button-${kind} ${hasWords ? "" : "button-icon"} ${rest.class ?? ""}`}
      aria-label={label}
      title={title ?? (hasWords ? undefined : label)}
      disabled={disabled}
      aria-disabled={busy ? true : undefined}
      aria-pressed={pressed}
      autofocus={rest.autofocus}
      onClick={(event) => {
        if (busy) {
          event.preventDefault();
        } else {
          rest.onClick?.(event);
        }
      }}
    >
      {icon === undefined ? null : <Icon name={icon} />}
      {hasWords ? <span class="button-words">{children}</span> : null}
    </button>
  );
}
