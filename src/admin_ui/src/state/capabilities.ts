/** What the hub offers to whom asks, and whether it has another version than the page. */
import { computed, signal } from "@preact/signals";
import type { CapabilitiesAnswer } from "@/core/wire.gen";
import { http } from "@/state/http";

/** The hub's answer; null until it is there. */
export const capabilities = signal<CapabilitiesAnswer | null>(null);

const REFRESH_MS = 30_000;

/** The version of the hub that the page came from; empty if it was served by something else. */
export const pageVersion: string = document.querySelector<HTMLMetaElement>("meta[name='version']")?.content ?? "";

const firstVersion = signal(pageVersion);

/** The hub's version, when it is not the one that the page came from; else null. */
export const otherVersion = computed(() => {
  const version = capabilities.value?.version;
  return version !== undefined && firstVersion.value !== "" && version !== firstVersion.value ? version : null;
});

/** Ask what the hub offers. Raises: HttpProblem. */
export async function loadCapabilities(): Promise<void> {
  const answer = await http.get<CapabilitiesAnswer>("api/capabilities");
  if (firstVersion.peek() === "") {
    firstVersion.value = answer.version;
  }
  capabilities.value = answer;
}

/** Ask again from time to time while the page is visible; what fails now is asked for again later. */
export function watchCapabilities(): () => void {
  const again = () => {
    if (!document.hidden) {
      loadCapabilities().catch(() => undefined);
    }
  };
  const timer = setInterval(again, REFRESH_MS);
  return () => clearInterval(timer);
}
