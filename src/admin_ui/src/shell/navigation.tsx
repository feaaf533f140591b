/** The ways to the pages: at the side, or at the bottom of a narrow window. */
import { useComputed } from "@preact/signals";
import { Icon, type IconName } from "@/components/icon";
import { Link } from "@/components/link";
import { formatCompact, formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import { capabilities } from "@/state/capabilities";
import { fleet } from "@/state/fleet";
import { now } from "@/state/now";
import { type PageName, place } from "@/state/place";
import { usePolled } from "@/state/polled";

/** Pages that somebody can go to, in their order. */
type NavPage = Extract<PageName, "overview" | "backends" | "models" | "nodes" | "events" | "preferences">;

const ORDER: readonly NavPage[] = ["overview", "backends", "models", "nodes", "events", "preferences"];
const ALWAYS: readonly NavPage[] = ["overview", "preferences"];
const COUNTS_EVERY_MS = 10_000;

/** The pages that this hub offers. */
export function offeredPages(): readonly NavPage[] {
  const pages = capabilities.value?.pages ?? [];
  return ORDER.filter((page) => ALWAYS.includes(page) || pages.includes(page));
}

function Entry({ page, children }: { readonly page: NavPage; readonly children?: preact.ComponentChildren }) {
  const icon: IconName = page;
  return (
    <li class={`nav-${page}`}>
      <Link to={{ page }} class="nav-link" current={place.value.page === page}>
        <Icon name={icon} />
        <span class="nav-label">{t(`shell.page_${page}`)}</span>
        {children}
      </Link>
    </li>
  );
}

/** How many backends there are, and how many of them are broken; anew each second, since each change lays out the page. */
function BackendCounts() {
  const total = useComputed(() => (now.value > 0 && fleet.loaded.value ? formatNumber(fleet.store.size) : ""));
  const broken = useComputed(() => (now.value > 0 && fleet.loaded.value ? fleet.tally.sums.count("unavailable") : 0));
  return (
    <>
      {broken.value > 0 ? (
        <span class="nav-broken">
          <span aria-hidden="true">{formatCompact(broken.value)}</span>
          <span class="hidden-visually">{t("shell.broken_count", { count: broken.value })}</span>
        </span>
      ) : null}
      <span class="nav-count">{total}</span>
    </>
  );
}

/** How many entries a list of the hub has. */
function ListCount({ path }: { readonly path: string }) {
  const { headers } = usePolled<unknown>(path, COUNTS_EVERY_MS);
  const total = headers.value?.get("x-total-count");
  return total ? <span class="nav-count">{formatNumber(Number(total))}</span> : null;
}

const COUNTS: Partial<Record<NavPage, () => preact.JSX.Element>> = {
  backends: () => <BackendCounts />,
  models: () => <ListCount path="api/models?limit=1" />,
  nodes: () => <ListCount path="api/nodes?limit=1" />,
};

/** The navigation of the page. */
export function Navigation() {
  return (
    <nav class="nav" aria-label={t("shell.navigation")}>
      <ul>
        {offeredPages().map((page) => (
          <Entry key={page} page={page}>
            {COUNTS[page]?.()}
          </Entry>
        ))}
      </ul>
    </nav>
  );
}
