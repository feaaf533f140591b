/** How far a drain of a node is, in words. */
import { Banner, type Tone } from "@/components/banner";
import { t } from "@/core/i18n";
import type { Draining } from "@/pages/node/draining";

/** How far a node is with what operators want out of it: until nothing is in flight there any more. */
export function DrainProgress({ draining }: { readonly draining: Draining }) {
  const { state, out, still, total } = draining;
  return (
    <div class="drain">
      <Banner tone={toneOf(draining)}>
        <strong>{sentenceOf(draining)}</strong> <span class="muted">{t("nodes.drain_part", { count: out, total })}</span>
        {state !== "done" && <progress class="drain-bar" aria-label={t("nodes.drain_bar")} value={still} max={out} />}
      </Banner>
    </div>
  );
}

function toneOf({ state, out, total }: Draining): Tone {
  if (state === "silent") {
    return "warn";
  }
  return state === "done" && out === total ? "ok" : "info";
}

function sentenceOf({ state, open, pending, out, total }: Draining): string {
  switch (state) {
    case "waiting":
      return t("nodes.drain_waiting", { count: open });
    case "silent":
      return t("nodes.drain_silent");
    case "running":
      return t("nodes.drain_running", { count: pending });
    case "done":
      return out === total ? t("nodes.drain_done") : t("nodes.drain_done_part");
  }
}
