/** What somebody has to know before they believe what is shown. */
import { Banner } from "@/components/banner";
import { Button } from "@/components/button";
import { formatDuration } from "@/core/format";
import { t } from "@/core/i18n";
import type { NodeEntry } from "@/core/wire.gen";
import { capabilities, otherVersion, pageVersion } from "@/state/capabilities";
import { fleet } from "@/state/fleet";
import { browserNow } from "@/state/now";
import { usePolled } from "@/state/polled";

/** How old what is shown may become before that is said. */
const STALE_AFTER_MS = 5_000;
const HEARD_EVERY_MS = 3_000;
const NODES_MOST = 1_000;

function ageMs(): number {
  return fleet.heardAtMs.value > 0 ? Math.max(0, browserNow() - fleet.heardAtMs.value) : 0;
}

/** The connection is lost or held: how old everything is. */
function AgeBanner() {
  const connection = fleet.connection.value;
  const span = formatDuration(ageMs());
  if (connection.state === "paused") {
    return (
      <Banner tone="info" action={<Button onClick={() => fleet.feed.resume()}>{t("shell.resume")}</Button>}>
        {t("shell.paused_banner", { span })}
      </Banner>
    );
  }
  if (connection.state !== "reconnecting" || !fleet.loaded.value || ageMs() < STALE_AFTER_MS) {
    return null;
  }
  const text = t("shell.stale_banner", { problem: t(`shell.feed_${connection.problem}`), span });
  return <Banner tone="warn">{text}</Banner>;
}

/** The hub has not heard all nodes since its start. */
function IncompleteBanner() {
  const { value, headers } = usePolled<readonly NodeEntry[]>(`api/nodes?limit=${NODES_MOST}`, HEARD_EVERY_MS);
  const nodes = value.value;
  const total = Number(headers.value?.get("x-total-count") ?? 0);
  if (total === 0) {
    // There is nobody to be heard: the pages say so.
    return null;
  }
  const heard = nodes?.filter((node) => node.heard_at !== null).length ?? total;
  const isCounted = total <= NODES_MOST && heard < total;
  return <Banner tone="warn">{isCounted ? t("shell.incomplete", { heard, total }) : t("shell.incomplete_unknown")}</Banner>;
}

function VersionBanner({ version }: { readonly version: string }) {
  return (
    <Banner
      tone="info"
      action={
        <Button icon="refresh" onClick={() => location.reload()}>
          {t("shell.reload")}
        </Button>
      }
    >
      {t("shell.other_version", { version, own: pageVersion })}
    </Banner>
  );
}

/** All that holds now, under the bar at the top. */
export function Banners() {
  const facts = fleet.facts.value;
  const version = otherVersion.value;
  const known = capabilities.value;
  return (
    <section class="banners" aria-label={t("shell.notices")}>
      <AgeBanner />
      {facts.degraded ? <Banner tone="bad">{t("shell.degraded", { reason: facts.degraded })}</Banner> : null}
      {facts.protected ? <Banner tone="warn">{t("shell.protected")}</Banner> : null}
      {facts.complete || known === null ? null : <IncompleteBanner />}
      {version === null ? null : <VersionBanner version={version} />}
    </section>
  );
}
