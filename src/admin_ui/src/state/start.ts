/** What goes on from the start: who is signed in, what the hub offers, and when the session ends. */
import { effect, signal } from "@preact/signals";
import { msOf } from "@/core/time";
import { loadCapabilities, watchCapabilities } from "@/state/capabilities";
import { serverNow } from "@/state/now";
import { HttpProblem } from "@/state/problem";
import { followTabs, isSignedIn, loadSession, session } from "@/state/session";

const FIRST_RETRY_MS = 1_000;
const RETRY_MOST_MS = 15_000;
const GRACE_MS = 1_000;
const TIMER_MOST_MS = 2 ** 31 - 1;

/** Why it is not known yet who is signed in; null while all is well. */
export const startProblem = signal<HttpProblem | null>(null);

let attempts = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Ask who is signed in, again and again until the hub answers. */
export async function findSession(): Promise<void> {
  clearTimeout(timer);
  try {
    await loadSession();
    attempts = 0;
    startProblem.value = null;
  } catch (problem) {
    if (problem instanceof HttpProblem && problem.status !== 401) {
      startProblem.value = problem;
      const wait = Math.min(RETRY_MOST_MS, FIRST_RETRY_MS * 2 ** attempts) * (0.5 + Math.random() / 2);
      attempts += 1;
      timer = setTimeout(() => void findSession(), Math.max(wait, problem.retryAfterMs ?? 0));
    }
  }
}

/** Ask when the session should have ended, so that it is noticed at once and not at the next request. */
function watchExpiry(): () => void {
  const known = session.value;
  const endsMs = typeof known === "string" ? Number.NaN : msOf(known.expires_at);
  if (!Number.isFinite(endsMs)) {
    return () => undefined;
  }
  const waitMs = Math.min(Math.max(0, endsMs - serverNow()) + GRACE_MS, TIMER_MOST_MS);
  const ending = setTimeout(() => void findSession(), waitMs);
  return () => clearTimeout(ending);
}

/** Begin. Once, at the start of the page. */
export function start(): void {
  followTabs();
  effect(watchExpiry);
  effect(() => {
    if (!isSignedIn.value) {
      return undefined;
    }
    loadCapabilities().catch(() => undefined);
    return watchCapabilities();
  });
  void findSession();
}
