/** Short messages about what was done, which go away by themselves. */
import { signal } from "@preact/signals";

/** What a message can offer to do. */
export interface ToastAction {
  readonly label: string;
  readonly run: () => void;
}

/** One message. */
export interface Toast {
  readonly text: string;
  readonly tone: "plain" | "ok" | "warn" | "bad";
  readonly action?: ToastAction;
}

/** A message that is shown. */
export interface ShownToast extends Toast {
  readonly id: number;
}

const SHOWN_MOST = 3;
const STAYS_MS = 6_000;
const STAYS_WITH_ACTION_MS = 15_000;

/** The messages that are shown, oldest first. */
export const toasts = signal<readonly ShownToast[]>([]);

let last = 0;

/** Say something. It stays for some seconds, longer if there is something to do, and what is bad until it is taken away. */
export function say(toast: Toast): void {
  last += 1;
  const id = last;
  toasts.value = [...toasts.peek(), { ...toast, id }].slice(-SHOWN_MOST);
  if (toast.tone !== "bad") {
    setTimeout(() => takeAway(id), toast.action ? STAYS_WITH_ACTION_MS : STAYS_MS);
  }
}

/** Take a message away. */
export function takeAway(id: number): void {
  toasts.value = toasts.peek().filter((toast) => toast.id !== id);
}
