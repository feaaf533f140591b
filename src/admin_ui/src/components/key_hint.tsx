/** A key as it is written on keyboards. */
import "./key_hint.css";

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);
const NAMES: Readonly<Record<string, string>> = {
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  Escape: "Esc",
  Ctrl: IS_MAC ? "⌘" : "Ctrl",
};

/** Keys that are pressed together or after each other: `Ctrl+k`, `g b`. */
export function KeyHint({ keys }: { readonly keys: string }) {
  const caps = keys.split(/[ +]/).filter((key) => key !== "");
  const isChord = keys.length > 1 && keys.includes("+");
  return (
    <span class="key-hint">
      {caps.map((key) => (
        <kbd key={key}>{isChord && key.length === 1 ? key.toUpperCase() : (NAMES[key] ?? key)}</kbd>
      ))}
    </span>
  );
}
