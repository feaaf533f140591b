/** A small panel that opens beside its button, above everything, and closes on Escape or a click elsewhere. */
import type { ComponentChildren, TargetedToggleEvent } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import "./popover.css";

const GAP = 4;
const EDGE = 8;

/** Put a panel below its anchor, or above where there is more room, within the window. */
function placeBeside(panel: HTMLElement, anchor: Element): void {
  const at = anchor.getBoundingClientRect();
  const { width, height } = panel.getBoundingClientRect();
  const below = innerHeight - at.bottom - GAP - EDGE;
  const above = at.top - GAP - EDGE;
  const goesBelow = height <= below || below >= above;
  const isRightToLeft = getComputedStyle(anchor).direction === "rtl";
  const wished = isRightToLeft || at.left + width > innerWidth - EDGE ? at.right - width : at.left;
  panel.style.left = `${Math.max(EDGE, Math.min(wished, innerWidth - width - EDGE))}px`;
  panel.style.top = `${goesBelow ? at.bottom + GAP : Math.max(EDGE, at.top - GAP - height)}px`;
  panel.style.maxHeight = `${Math.max(120, goesBelow ? below : above)}px`;
}

interface PopoverProps {
  /** What the button is for, where what it shows does not say it. */
  readonly label?: string | undefined;
  readonly trigger: ComponentChildren;
  readonly triggerClass?: string | undefined;
  /** The panel is made when it is opened. A function gets what closes it. */
  readonly children: ComponentChildren | ((close: () => void) => ComponentChildren);
  readonly panelClass?: string | undefined;
  readonly onToggle?: ((open: boolean) => void) | undefined;
  readonly disabled?: boolean | undefined;
}

/** A button and the panel that it opens. */
export function Popover({
  label,
  trigger,
  triggerClass = "button",
  children,
  panelClass = "",
  onToggle,
  disabled,
}: PopoverProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  const close = () => {
    panel.current?.hidePopover();
    button.current?.focus();
  };
  const place = () => {
    if (panel.current !== null && button.current !== null) {
      placeBeside(panel.current, button.current);
    }
  };
  const toggled = (event: TargetedToggleEvent<HTMLDivElement>) => {
    const opened = event.newState === "open";
    setOpen(opened);
    onToggle?.(opened);
    if (opened) {
      requestAnimationFrame(place);
    }
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        class={triggerClass}
        popoverTarget={id}
        aria-label={label}
        aria-expanded={isOpen}
        disabled={disabled}
      >
        {trigger}
      </button>
      <div ref={panel} id={id} popover="auto" class={`popover ${panelClass}`} onToggle={toggled}>
        {isOpen ? (typeof children === "function" ? children(close) : children) : null}
      </div>
    </>
  );
}
