/** A window over the page that has to be dealt with first. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Button } from "@/components/button";
import { t } from "@/core/i18n";
import "./dialog.css";

interface DialogProps {
  readonly open: boolean;
  readonly title: string;
  readonly children: ComponentChildren;
  /** Buttons at the bottom, the one that does it last. */
  readonly actions?: ComponentChildren | undefined;
  readonly wide?: boolean | undefined;
  /** Without it the dialog cannot be closed but by what is in it. */
  readonly onClose?: (() => void) | undefined;
}

/** A modal dialog: the page behind it can be seen and does not react; the focus goes back to where it was. */
export function Dialog({ open, title, children, actions, wide, onClose }: DialogProps) {
  const heading = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const before = useRef<Element | null>(null);
  if (open && dialog.current === null) {
    // Now, since what is in the dialog may take the focus as soon as it is there.
    before.current = document.activeElement;
  }
  useEffect(() => {
    const element = dialog.current;
    if (!open || element === null) {
      return undefined;
    }
    element.showModal();
    return () => {
      element.close();
      if (before.current instanceof HTMLElement && before.current.isConnected) {
        before.current.focus();
      }
    };
  }, [open]);
  const onCancel = (event: Event) => {
    event.preventDefault();
    onClose?.();
  };
  // Browsers close a dialog on a second Escape, whatever is said to the first.
  const onForced = () => {
    if (dialog.current?.isConnected && !dialog.current.open) {
      if (onClose === undefined) {
        dialog.current.showModal();
      } else {
        onClose();
      }
    }
  };
  if (!open) {
    return null;
  }
  return (
    <dialog
      ref={dialog}
      class={`dialog ${wide ? "dialog-wide" : ""}`}
      aria-labelledby={heading}
      onCancel={onCancel}
      onClose={onForced}
    >
      <div class="dialog-head">
        <h2 id={heading}>{title}</h2>
        {onClose === undefined ? null : <Button kind="ghost" icon="close" label={t("shell.close")} onClick={onClose} />}
      </div>
      <div class="dialog-body">{children}</div>
      {actions === undefined ? null : <div class="dialog-actions">{actions}</div>}
    </dialog>
  );
}
