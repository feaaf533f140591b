/** What must be known at once of a backend: how it stands, since when, why, and what can be done. */

import { Button } from "@/components/button";
import { CopyButton } from "@/components/copy_button";
import { IntentBadge, StatusBadge } from "@/components/status";
import { Since, Time } from "@/components/values";
import { parts, t } from "@/core/i18n";
import type { ClusterBackend } from "@/core/wire.gen";
import { reasonWords, type Standing, whySentence } from "@/pages/backend/standing";
import { type BulkVerb, openBulk } from "@/pages/backends/bulk";
import { now } from "@/state/now";
import { fullAddress } from "@/state/place";
import { isOperator } from "@/state/session";

/** What the headline shows. */
export interface HeadlineProps {
  readonly backend: ClusterBackend;
  readonly standing: Standing;
}

/** Status, why and since when. */
export function Headline({ backend, standing }: HeadlineProps) {
  const { status, intent, stale, groups, sinceMs } = standing;
  return (
    <div class="backend-headline">
      <p class="backend-status">
        <StatusBadge status={status} stale={stale} />
        <span class="muted">{parts("backend.for", { span: <Since at={sinceMs} /> })}</span>
        {intent !== "enabled" && <IntentBadge intent={intent} />}
      </p>
      <p class="backend-why">{whySentence(standing, backend.total_nodes)}</p>
      {groups.length > (status === "available" ? 0 : 1) && <Reasons standing={standing} />}
      <Past standing={standing} />
      <Staleness backend={backend} stale={stale} />
      <Actions backend={backend} />
    </div>
  );
}

const REASONS_MOST = 6;

function Reasons({ standing }: { readonly standing: Standing }) {
  return (
    <ul class="backend-reasons" aria-label={t("backend.reasons")}>
      {standing.groups.slice(0, REASONS_MOST).map((group) => (
        <li key={`${group.status} ${group.reason}`}>
          <StatusBadge status={group.status} />
          <span class="backend-reason">{reasonWords(group)}</span>
          <span class="muted">{t("backend.reason_nodes", { count: group.nodes.length })}</span>
        </li>
      ))}
    </ul>
  );
}

const DAY_MS = 86_400_000;

function Past({ standing: { lastGood } }: { readonly standing: Standing }) {
  if (lastGood === null) {
    return null;
  }
  const at = "at" in lastGood ? lastGood.at : lastGood.before;
  const time = <Time at={at} style={now.peek() - at < DAY_MS ? "clock" : "short"} absolute />;
  return (
    <p class="muted">{"at" in lastGood ? parts("backend.last_good", { time }) : parts("backend.last_good_before", { time })}</p>
  );
}

function Staleness({ backend, stale }: { readonly backend: ClusterBackend; readonly stale: boolean }) {
  const count = backend.stale_nodes;
  if (count === 0) {
    return null;
  }
  return <p class="backend-stale">{stale ? t("backend.stale_all") : t("backend.stale_some", { count })}</p>;
}

function Actions({ backend }: { readonly backend: ClusterBackend }) {
  const { kind, name, intents, total_nodes: total } = backend;
  const act = (verb: BulkVerb) => () => openBulk({ verb, targets: [{ kind, name }] });
  return (
    <fieldset class="backend-actions" aria-label={t("backend.actions")}>
      {isOperator.value && (
        <>
          <Button onClick={act("drain")} disabled={intents.draining + intents.disabled >= total}>
            {t("backend.drain")}
          </Button>
          <Button onClick={act("disable")} disabled={intents.disabled >= total}>
            {t("backend.disable")}
          </Button>
          <Button onClick={act("enable")} disabled={intents.enabled >= total}>
            {t("backend.enable")}
          </Button>
        </>
      )}
      <CopyButton text={fullAddress({ page: "backends", path: [kind, name] })} label={t("backend.copy_link")} />
    </fieldset>
  );
}
