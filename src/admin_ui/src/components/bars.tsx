/** A share of nodes as a bar. */
import { formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import "./bars.css";

interface NodesBarProps {
  readonly available: number;
  /** Nodes that operators have taken it out of. */
  readonly withdrawn?: number | undefined;
  readonly total: number;
  /** What is counted, for those who do not see the bar: `18 of 24 nodes available` if it is left out. */
  readonly label?: string | undefined;
}

/** How many nodes of all can be used, as a bar and as `18/24`: first those that can, then what is withdrawn, then what is broken. */
export function NodesBar({
  available,
  withdrawn = 0,
  total,
  label = t("shell.nodes_of", { available, total }),
}: NodesBarProps) {
  const share = (count: number) => `${total === 0 ? 0 : (100 * count) / total}%`;
  const out = Math.min(withdrawn, Math.max(0, total - available));
  return (
    <span class="nodes-bar">
      <span class="nodes-bar-track" data-empty={total === 0 ? "" : undefined} aria-hidden="true">
        <span class="nodes-bar-ok" style={{ inlineSize: share(available) }} />
        <span class="nodes-bar-out" style={{ inlineSize: share(out) }} />
        <span class="nodes-bar-bad" style={{ inlineSize: share(total - available - out) }} />
      </span>
      <span class="nodes-bar-count" title={label}>
        <span aria-hidden="true">
          {formatNumber(available)}/{formatNumber(total)}
        </span>
        <span class="hidden-visually">{label}</span>
      </span>
    </span>
  );
}
