/** The page as a whole: signing in, or the frame with the page that the address names. */
import { effect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Empty } from "@/components/empty";
import { ErrorBoundary } from "@/components/error_boundary";
import { Link } from "@/components/link";
import { PageHead } from "@/components/page_head";
import { Problem } from "@/components/problem";
import { Skeleton } from "@/components/skeleton";
import { printAddress } from "@/core/address";
import { t } from "@/core/i18n";
import { offeredPages } from "@/shell/navigation";
import { Shell } from "@/shell/shell";
import { capabilities } from "@/state/capabilities";
import { type Lazy, lazy } from "@/state/lazy";
import { go, type Place, place } from "@/state/place";
import { isSignedIn, session } from "@/state/session";
import { findSession, startProblem } from "@/state/start";

const Overview = lazy(() => import("@/pages/overview/page"), "overview", "backend", "chart", "events");
const Backends = lazy(() => import("@/pages/backends/page"), "backends");
const Backend = lazy(() => import("@/pages/backend/page"), "backend", "backends", "chart", "events");
const Models = lazy(() => import("@/pages/models/page"), "models");
const Nodes = lazy(() => import("@/pages/nodes/page"), "nodes");
const Node = lazy(() => import("@/pages/node/page"), "nodes", "backends", "events");
const Events = lazy(() => import("@/pages/events/page"), "events");
const Preferences = lazy(() => import("@/pages/preferences/page"), "preferences");
const SignIn = lazy(() => import("@/pages/sign_in/page"), "sign_in");
const SignInDialog = lazy(() => import("@/pages/sign_in/dialog"), "sign_in");

type View = Lazy<object> | null;

/** The part that shows a place; null if nothing does. */
function viewOf({ page, path }: Place): View {
  const [alone, one, two] = [path.length === 0, path.length === 1, path.length === 2];
  switch (page) {
    case "overview":
      return alone ? Overview : null;
    case "backends":
      return alone ? Backends : two ? Backend : null;
    case "models":
      return alone ? Models : null;
    case "nodes":
      return alone ? Nodes : one ? Node : null;
    case "events":
      return alone ? Events : null;
    case "preferences":
      return alone ? Preferences : null;
    case "sign-in":
      return alone ? SignIn : null;
    case "missing":
      return null;
  }
}

function Missing({ text }: { readonly text: string }) {
  return (
    <div class="page">
      <PageHead title={t("shell.missing_title")} />
      <Empty
        title={text}
        action={
          <Link to={{ page: "overview" }} class="button button-primary">
            {t("shell.to_overview")}
          </Link>
        }
      />
    </div>
  );
}

function isOffered({ page }: Place): boolean {
  return capabilities.value === null || offeredPages().some((offered) => offered === page);
}

/** The page that the address names. */
function Page() {
  const at = place.value;
  const View = viewOf(at);
  if (View === null) {
    return <Missing text={t("shell.missing_text")} />;
  }
  if (!isOffered(at)) {
    return <Missing text={t("shell.unoffered")} />;
  }
  return <View />;
}

/** Nobody knows yet who is signed in. */
function Starting() {
  const problem = startProblem.value;
  return (
    <main class="page">
      <h1 class="hidden-visually">{t("shell.product")}</h1>
      {problem === null ? <Skeleton rows={8} /> : <Problem problem={problem} retry={() => void findSession()} />}
    </main>
  );
}

/** Somebody who is signed in has no business on the page for that: go where they wanted to go. */
function Onward() {
  useEffect(() => {
    const to = place.peek().params.get("to");
    go(to === null || to.startsWith("sign-in") ? { page: "overview" } : to, { replace: true });
  }, []);
  return null;
}

let wasSignedIn = false;

effect(() => {
  wasSignedIn ||= isSignedIn.value;
});

/** Nobody is signed in, and nothing has been shown yet: the address stays known while they do. */
function toSignIn(): void {
  const at = place.peek();
  if (at.page !== "sign-in") {
    go({ page: "sign-in", params: { to: printAddress(at) } }, { replace: true });
  }
}

/** Fetch the part that the address names. Once, at the start of the page, while the hub is asked who is there. */
export function fetchPart(): void {
  void viewOf(place.peek())?.load();
}

/** Everything that is shown. */
export function App() {
  const known = session.value;
  const isOut = known === "signed_out" && !wasSignedIn;
  useEffect(() => {
    if (isOut) {
      toSignIn();
    }
  }, [isOut]);
  if (known === "unknown") {
    return <Starting />;
  }
  if (isOut) {
    return <SignIn />;
  }
  const at = place.value;
  return (
    <>
      <Shell>
        <ErrorBoundary key={[at.page, ...at.path].join("/")}>{at.page === "sign-in" ? <Onward /> : <Page />}</ErrorBoundary>
      </Shell>
      {known === "signed_out" ? <SignInDialog /> : null}
    </>
  );
}
