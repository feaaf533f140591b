/** How a backend or a node stands: always a shape, a colour and a word. */
import { t } from "@/core/i18n";
import type { Intent, Status } from "@/core/status";
import type { NodeEntry } from "@/core/wire.gen";
import "./status.css";

/** Shapes of the statuses; the text variant of each, never a coloured picture. */
export const STATUS_SHAPES: Readonly<Record<Status, string>> = {
  unavailable: "✖\uFE0E",
  degraded: "▲",
  unknown: "?",
  draining: "▼",
  disabled: "■",
  available: "●",
};

const INTENT_SHAPES: Readonly<Record<Intent, string>> = { enabled: "", draining: "▼", disabled: "■", mixed: "◧" };

/** How a node stands, as the hub says it. */
export type Standing = NodeEntry["standing"];

const STANDING_LOOKS: Readonly<Record<Standing, { readonly shape: string; readonly look: string }>> = {
  live: { shape: "●", look: "available" },
  suspect: { shape: "▲", look: "degraded" },
  unreachable: { shape: "✖\uFE0E", look: "unavailable" },
  departed: { shape: "■", look: "disabled" },
  deleted: { shape: "■", look: "disabled" },
  forgotten: { shape: "?", look: "unknown" },
};

interface BadgeProps {
  readonly look: string;
  readonly shape: string;
  readonly word: string;
  readonly stale?: boolean;
}

function Badge({ look, shape, word, stale }: BadgeProps) {
  return (
    <span class={`status status-${look}`} data-stale={stale ? "" : undefined}>
      {shape === "" ? null : (
        <span class="status-shape" aria-hidden="true">
          {shape}
        </span>
      )}
      <span>{word}</span>
      {stale ? <span class="status-stale">{t("shell.stale")}</span> : null}
    </span>
  );
}

/** The status of a backend over all its nodes. `stale`: none of its nodes has been heard lately. */
export function StatusBadge({ status, stale = false }: { readonly status: Status; readonly stale?: boolean }) {
  return <Badge look={status} shape={STATUS_SHAPES[status]} word={t(`shell.status_${status}`)} stale={stale} />;
}

/** What operators want of a backend. */
export function IntentBadge({ intent }: { readonly intent: Intent }) {
  const look = intent === "enabled" ? "plain" : intent === "disabled" ? "disabled" : "draining";
  return <Badge look={look} shape={INTENT_SHAPES[intent]} word={t(`shell.intent_${intent}`)} />;
}

/** How a node stands. */
export function StandingBadge({ standing }: { readonly standing: Standing }) {
  const { look, shape } = STANDING_LOOKS[standing];
  return <Badge look={look} shape={shape} word={t(`shell.standing_${standing}`)} />;
}
