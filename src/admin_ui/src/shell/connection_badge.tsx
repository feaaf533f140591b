/** Whether what is shown is live, and what to do if it is not. */
import { Button } from "@/components/button";
import { formatDuration, formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import type { Connection } from "@/core/sync";
import { fleet } from "@/state/fleet";
import { browserNow } from "@/state/now";
import { isSignedIn } from "@/state/session";

const SECOND_MS = 1000;

/** How late changes are, in seconds with one decimal: it is mostly a tenth. */
function lagText(lagMs: number): string {
  return t("unit.s", { value: formatNumber(Math.max(0.1, Math.round(lagMs / 100) / 10)) });
}

function reconnectingText(retryAtMs: number): string {
  const leftMs = retryAtMs - browserNow();
  return leftMs < SECOND_MS ? t("shell.reconnecting_now") : t("shell.reconnecting", { span: formatDuration(leftMs, 1) });
}

function textOf(connection: Connection): string {
  switch (connection.state) {
    case "connecting":
      return t("shell.connecting");
    case "live":
      return t("shell.live_rate", { rate: Math.round(connection.ratePerS), lag: lagText(connection.lagMs) });
    case "lagging":
      return t("shell.lagging", { lag: lagText(connection.lagMs) });
    case "reconnecting":
      return reconnectingText(connection.retryAtMs);
    case "paused":
      return t("shell.paused");
    case "hidden":
      return t("shell.resting");
    case "signed_out":
      return t("shell.disconnected");
  }
}

/** What more there is to say, to who points at it. */
function hintOf(connection: Connection): string | undefined {
  if (connection.state === "live") {
    return t("shell.live_hint", { rate: Math.round(connection.ratePerS), lag: lagText(connection.lagMs) });
  }
  if (connection.state === "reconnecting") {
    return t("shell.attempt", { problem: t(`shell.feed_${connection.problem}`), attempt: connection.attempt });
  }
  return undefined;
}

/** The state of the connection in a few words, with a button where it can be helped. */
export function ConnectionBadge() {
  const connection: Connection = isSignedIn.value ? fleet.connection.value : { state: "signed_out" };
  return (
    <div class={`connection connection-${connection.state}`}>
      <span class="connection-light" aria-hidden="true" />
      <span class="connection-text" title={hintOf(connection)}>
        {textOf(connection)}
      </span>
      {connection.state === "reconnecting" ? (
        <Button kind="ghost" onClick={() => fleet.feed.retryNow()}>
          {t("shell.retry_now")}
        </Button>
      ) : null}
      {connection.state === "paused" ? (
        <Button kind="ghost" icon="play" label={t("shell.resume")} onClick={() => fleet.feed.resume()} />
      ) : null}
      {connection.state === "live" || connection.state === "lagging" ? (
        <Button kind="ghost" icon="pause" label={t("shell.pause")} onClick={() => fleet.feed.pause()} />
      ) : null}
    </div>
  );
}
