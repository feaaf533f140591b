/** Keys that work on every page. */

import { BROKEN } from "@/shell/broken";
import { fleet } from "@/state/fleet";
import { useKeys } from "@/state/keys";
import { overlay } from "@/state/overlay";
import { go, type To } from "@/state/place";

function toggleOverlay(which: "palette" | "help"): void {
  overlay.value = overlay.peek() === which ? null : which;
}

function togglePause(): void {
  if (fleet.connection.peek().state === "paused") {
    fleet.feed.resume();
  } else {
    fleet.feed.pause();
  }
}

function to(place: To): () => void {
  return () => go(place);
}

const BINDINGS = {
  "Ctrl+k": () => toggleOverlay("palette"),
  "?": () => toggleOverlay("help"),
  Space: togglePause,
  b: to(BROKEN),
  "g o": to({ page: "overview" }),
  "g b": to({ page: "backends" }),
  "g m": to({ page: "models" }),
  "g n": to({ page: "nodes" }),
  "g e": to({ page: "events" }),
  "g p": to({ page: "preferences" }),
} as const;

/** Listen to the keys of the frame. */
export function useShellKeys(): void {
  useKeys("shell", BINDINGS, true);
}
