/** Theme, density and motion of the document, as preferred: the style sheets read them from attributes of the root element. */
import { effect } from "@preact/signals";
import { preferences } from "@/state/preferences";

/** Keep the document as preferred. Once, before anything is shown. */
export function followLook(): void {
  effect(() => {
    const { theme, density, motion } = preferences.value;
    const { dataset } = document.documentElement;
    dataset.theme = theme;
    dataset.density = density;
    dataset.motion = motion;
  });
}

/** Whether things may move now. */
export function mayMove(): boolean {
  return preferences.peek().motion !== "reduced" && !matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Whether the page is dark now. */
export function isDark(): boolean {
  const { theme } = preferences.value;
  return theme === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
}
