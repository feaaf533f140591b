/** A button that copies a text. */
import { useState } from "preact/hooks";
import { Button, type ButtonKind } from "@/components/button";
import { t } from "@/core/i18n";
import { say } from "@/state/toasts";

const SHOWN_MS = 1500;

/** Put a text on the clipboard; false where the browser does not allow it, as over plain HTTP from another machine. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** The way of old, which browsers allow on every page: select the text in a field and copy the selection. */
function copyBySelection(text: string): boolean {
  const field = document.createElement("textarea");
  const focused = document.activeElement;
  field.value = text;
  field.className = "hidden-visually";
  // Within an open dialog, since all else is inert.
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) {
    focused.focus();
  }
  return done;
}

interface CopyButtonProps {
  /** The text, or what makes it when it is wanted. */
  readonly text: string | (() => string);
  readonly label?: string | undefined;
  readonly kind?: ButtonKind | undefined;
  /** Only the picture; the label is for those who do not see it. */
  readonly bare?: boolean | undefined;
}

/** Copies a text and says so on the button for a moment. */
export function CopyButton({ text, label, kind = "plain", bare = false }: CopyButtonProps) {
  const [isDone, setDone] = useState(false);
  const name = isDone ? t("shell.copied") : (label ?? t("shell.copy"));
  const copy = async () => {
    if (await copyText(typeof text === "string" ? text : text())) {
      setDone(true);
      setTimeout(() => setDone(false), SHOWN_MS);
    } else {
      say({ text: t("shell.not_copied"), tone: "warn" });
    }
  };
  return (
    <Button kind={kind} icon={isDone ? "check" : "copy"} label={bare ? name : undefined} onClick={() => void copy()}>
      {bare ? undefined : name}
    </Button>
  );
}
