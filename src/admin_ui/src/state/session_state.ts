/** Who is signed in, as far as the page knows. */
import { signal } from "@preact/signals";
import type { SessionAnswer } from "@/core/wire.gen";

/** What the hub says about who asks; `unknown` until it has been asked, `signed_out` once it has refused. */
export const session = signal<SessionAnswer | "unknown" | "signed_out">("unknown");

/** The token that changes must repeat; null where there is no session. */
export function csrfToken(): string | null {
  const known = session.peek();
  return typeof known === "string" ? null : known.csrf;
}
