/** Signing in and out. A token is sent once and never kept; a cookie that scripts cannot read stands for it from then on. */
import { computed } from "@preact/signals";
import type { SessionAnswer } from "@/core/wire.gen";
import { forgetAnswers, http } from "@/state/http";
import { session } from "@/state/session_state";

export { session } from "@/state/session_state";

/** Whether who is signed in may change something. */
export const isOperator = computed(() => typeof session.value !== "string" && session.value.role === "operator");

/** Whether who is signed in may only look. */
export const isViewer = computed(() => typeof session.value !== "string" && session.value.role === "viewer");

/** Whether somebody is signed in, or nobody has to be. */
export const isSignedIn = computed(() => typeof session.value !== "string");

/** The tabs of this browser: each tells the others that somebody has signed in or out. No token passes here. */
const tabs = new BroadcastChannel("backend_registry.session");

/** Ask the hub who is signed in whenever another tab says that this has changed. Once, at the start of the page. */
export function followTabs(): void {
  tabs.onmessage = () => void loadSession().catch(() => undefined);
}

/** Ask who is signed in. Raises: HttpProblem; after a 401 the session is `signed_out`. */
export async function loadSession(): Promise<void> {
  session.value = await http.get<SessionAnswer>("api/session");
}

/** Sign in with a token. Raises: HttpProblem: 401 for a wrong token, 429 after too many of them. */
export async function signIn(token: string): Promise<void> {
  const answer = await http.post<SessionAnswer>("api/login", { token });
  forgetAnswers();
  session.value = answer;
  tabs.postMessage(null);
}

/** End the session, here and in every tab. Raises: HttpProblem unless there is none any more. */
export async function signOut(): Promise<void> {
  await http.post("api/logout");
  forgetAnswers();
  session.value = "signed_out";
  tabs.postMessage(null);
}
