/** The panel about nodes that are not heard. */
import { Link } from "@/components/link";
import { StandingBadge } from "@/components/status";
import { Time } from "@/components/values";
import { t } from "@/core/i18n";
import type { NodeEntry } from "@/core/wire.gen";
import { nodeIn } from "@/pages/overview/links";

interface Props {
  /** Those that have no line of their own among what is broken. */
  readonly nodes: readonly NodeEntry[];
  /** How many nodes are silent in all. */
  readonly total: number;
}

const SHOWN_MOST = 8;

/** Nodes that have not been heard for too long, with since when; nothing if there are none. */
export function SilentNodes({ nodes, total }: Props) {
  if (nodes.length === 0) {
    return null;
  }
  const more = total - Math.min(nodes.length, SHOWN_MOST);
  return (
    <section class="panel" aria-labelledby="silent">
      <div class="panel-head">
        <h2 id="silent">{t("overview.silent")}</h2>
        <Link to={{ page: "nodes", params: { standing: "suspect,unreachable" } }}>
          {t("overview.show_nodes", { count: total })}
        </Link>
      </div>
      <ul class="lines">
        {nodes.slice(0, SHOWN_MOST).map((node) => (
          <li key={node.node_id} class="line">
            <StandingBadge standing={node.standing} />
            <Link class="line-name mono cut" to={nodeIn(node.node_id)}>
              {node.node_id}
            </Link>
            <span class="muted">{t("overview.silent_backends", { count: node.total })}</span>
            <span class="line-end">{node.heard_at === null ? t("overview.silent_never") : <Time at={node.heard_at} />}</span>
          </li>
        ))}
      </ul>
      {more > 0 && <p class="panel-foot muted">{t("overview.more_silent", { count: more })}</p>}
    </section>
  );
}
