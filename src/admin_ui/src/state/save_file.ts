/** Saving a file that the page has made. */
import { isoOf } from "@/core/time";
import { serverNow } from "@/state/now";

/** How long the browser may take to fetch the file, in milliseconds; without an end it would stay in memory as long as the page. */
const KEPT_MS = 60_000;

/** Give a file to the browser, as if it had been downloaded: `events-2026-11-21T162613Z.csv`. `pieces` are its text, `type` is its media type. */
export function saveFile(name: string, extension: string, type: string, pieces: string[]): void {
  const address = URL.createObjectURL(new Blob(pieces, { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${name}-${isoOf(serverNow()).slice(0, 19).replaceAll(":", "")}Z.${extension}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
}
