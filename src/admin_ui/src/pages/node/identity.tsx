/** The facts of a node. */
import type { ComponentChildren } from "preact";
import { CopyButton } from "@/components/copy_button";
import { Since, Time } from "@/components/values";
import { formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import type { NodeDetail } from "@/core/wire.gen";
import { BackendsBar, Heard } from "@/pages/nodes/columns";

/** An epoch that is a time in milliseconds, as nodes make it, and not a number of somebody's own. */
const TIMES_FROM_MS = Date.UTC(2020, 0, 1);

/** What a node is, as far as the hub knows. */
export function Identity({ node }: { readonly node: NodeDetail }) {
  return (
    <section class="panel" aria-labelledby="identity">
      <h2 id="identity" class="hidden-visually">
        {t("nodes.identity")}
      </h2>
      <dl class="identity">
        <Fact name={t("nodes.backends")}>
          <BackendsBar node={node} />
        </Fact>
        <Fact name={t("nodes.pending")}>{formatNumber(node.pending)}</Fact>
        <Fact name={t("nodes.heard_last")}>
          <Heard node={node} />
        </Fact>
        {node.standing !== "live" && node.heard_at !== null && (
          <Fact name={t("nodes.silent_for")}>
            <Since at={node.heard_at} />
          </Fact>
        )}
        <Fact name={t("nodes.started")} hint={t("nodes.started_hint")}>
          {node.epoch >= TIMES_FROM_MS ? <Time at={node.epoch} /> : formatNumber(node.epoch)}
        </Fact>
        <Fact name={t("nodes.instance")} hint={t("nodes.instance_hint")}>
          <span class="mono">{node.instance}</span>
        </Fact>
        <Fact name={t("nodes.revision")} hint={t("nodes.revision_hint")}>
          {formatNumber(node.revision)}
        </Fact>
        <Fact name={t("nodes.url")}>
          {node.url === null ? (
            <span class="muted">{t("nodes.no_url")}</span>
          ) : (
            <span class="identity-url">
              <span class="mono">{node.url}</span>
              <CopyButton text={node.url} kind="ghost" bare />
            </span>
          )}
        </Fact>
      </dl>
    </section>
  );
}

interface FactProps {
  readonly name: string;
  readonly hint?: string;
  readonly children: ComponentChildren;
}

function Fact({ name, hint, children }: FactProps) {
  return (
    <div class="fact">
      <dt title={hint}>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
