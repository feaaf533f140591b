/** A button with a list of things to do. */
import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "@/components/icon";
import { Popover } from "@/components/popover";
import "./menu.css";

/** One thing to do, or with `href` one thing to go to or to download; `checked` shows a choice. */
export interface MenuItem {
  readonly id: string;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly icon?: IconName | undefined;
  readonly checked?: boolean | undefined;
  readonly disabled?: boolean | undefined;
  readonly danger?: boolean | undefined;
  readonly href?: string | undefined;
  readonly download?: string | undefined;
  readonly run?: (() => void) | undefined;
}

interface MenuProps {
  /** What the button is for. */
  readonly label: string;
  /** What it shows; the label if it is left out. */
  readonly trigger?: ComponentChildren | undefined;
  readonly icon?: IconName | undefined;
  readonly items: readonly MenuItem[];
  readonly kind?: "plain" | "ghost" | undefined;
  readonly disabled?: boolean | undefined;
}

/** Arrows, Home and End go through the items; letters are left to the browser. */
function onKeyDown(event: KeyboardEvent): void {
  const list = event.currentTarget;
  if (!(list instanceof HTMLElement)) {
    return;
  }
  const items = [...list.querySelectorAll<HTMLElement>("[role^=menuitem]:not([aria-disabled=true])")];
  const at = items.findIndex((item) => item.matches(":focus"));
  const places: Readonly<Record<string, number>> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
  const to = places[event.key];
  if (to !== undefined) {
    event.preventDefault();
    items.at(to % items.length)?.focus();
  }
}

function Item({ item, close }: { readonly item: MenuItem; readonly close: () => void }) {
  const face = (
    <>
      <span class="menu-mark">{item.checked ? <Icon name="check" /> : item.icon ? <Icon name={item.icon} /> : null}</span>
      <span class="menu-label">{item.label}</span>
      {item.hint === undefined ? null : <span class="menu-hint">{item.hint}</span>}
    </>
  );
  const look = `menu-item ${item.danger ? "menu-item-danger" : ""}`;
  if (item.href !== undefined) {
    return (
      <a role="menuitem" class={look} tabIndex={-1} href={item.href} download={item.download} onClick={close}>
        {face}
      </a>
    );
  }
  const run = () => {
    close();
    item.run?.();
  };
  const common = {
    type: "button",
    class: look,
    tabIndex: -1,
    "aria-disabled": item.disabled,
    onClick: item.disabled ? undefined : run,
  } as const;
  if (item.checked !== undefined) {
    return (
      <button {...common} role="menuitemradio" aria-checked={item.checked}>
        {face}
      </button>
    );
  }
  return (
    <button {...common} role="menuitem">
      {face}
    </button>
  );
}

/** A button that opens a menu: the first item, or the chosen one, gets the focus. */
export function Menu({ label, trigger, icon, items, kind = "plain", disabled = false }: MenuProps) {
  const hasMark = items.some((item) => item.checked !== undefined || item.icon !== undefined);
  const focusFirst = (list: HTMLElement | null) => {
    const chosen = list?.querySelector<HTMLElement>("[aria-checked=true]");
    const first = chosen ?? list?.querySelector<HTMLElement>("[role^=menuitem]");
    requestAnimationFrame(() => first?.focus());
  };
  const face = (
    <>
      {icon === undefined ? null : <Icon name={icon} />}
      {trigger === null ? null : <span class="button-words">{trigger ?? label}</span>}
    </>
  );
  return (
    <Popover
      label={trigger === undefined ? undefined : label}
      trigger={face}
      triggerClass={`button button-${kind} ${trigger === null ? "button-icon" : ""}`}
      panelClass="menu-panel"
      disabled={disabled}
    >
      {(close) => (
        <div
          role="menu"
          aria-label={label}
          class="menu"
          data-marks={hasMark ? "" : undefined}
          ref={focusFirst}
          onKeyDown={onKeyDown}
        >
          {items.map((item) => (
            <Item key={item.id} item={item} close={close} />
          ))}
        </div>
      )}
    </Popover>
  );
}
