/** The panel about what operators have taken out. */
import { Link } from "@/components/link";
import { StatusBadge } from "@/components/status";
import { Since } from "@/components/values";
import { parts, t } from "@/core/i18n";
import { backendIn, nodeIn } from "@/pages/overview/links";
import type { Withdrawal } from "@/pages/overview/withdrawn";

const SHOWN_MOST = 8;

/** What operators have taken out, with why, by whom, since when, and how far a drain is; nothing if nothing is. */
export function TakenOut({ withdrawals }: { readonly withdrawals: readonly Withdrawal[] }) {
  if (withdrawals.length === 0) {
    return null;
  }
  const more = withdrawals.length - SHOWN_MOST;
  return (
    <section class="panel" aria-labelledby="taken-out">
      <div class="panel-head">
        <h2 id="taken-out">{t("overview.withdrawn")}</h2>
        <Link to={{ page: "backends", params: { q: "intent:draining,disabled" } }}>{t("overview.show_broken")}</Link>
      </div>
      <ul class="lines">
        {withdrawals.slice(0, SHOWN_MOST).map((withdrawal) => (
          <Line key={`${withdrawal.intent} ${withdrawal.reason}`} withdrawal={withdrawal} />
        ))}
      </ul>
      {more > 0 && <p class="panel-foot muted">{t("overview.more_withdrawn", { count: more })}</p>}
    </section>
  );
}

function Line({ withdrawal }: { readonly withdrawal: Withdrawal }) {
  const { intent, reason, actor, sinceMs } = withdrawal;
  return (
    <li class="line line-tall">
      <StatusBadge status={intent} />
      <span class="line-name">
        <span class="line-words">
          <What withdrawal={withdrawal} /> <Where nodes={withdrawal.nodes} />
        </span>
        <span class="trouble-sub">
          {reason !== "" && <q class="line-reason">{reason}</q>}
          {actor !== undefined && <span>{t("overview.by", { actor })}</span>}
          <Progress withdrawal={withdrawal} />
        </span>
      </span>
      <span class="line-end">{sinceMs !== undefined && <Since at={sinceMs} />}</span>
    </li>
  );
}

function What({ withdrawal: { intent, names, key } }: { readonly withdrawal: Withdrawal }) {
  if (key !== undefined) {
    const name = (
      <Link key={key} class="mono" to={backendIn(key)}>
        {names[0]}
      </Link>
    );
    return <span>{parts(`overview.one_${intent}`, { name })}</span>;
  }
  const count = names.length;
  return (
    <Link to={{ page: "backends", params: { q: `intent:${intent}` } }}>
      {intent === "draining" ? t("overview.draining", { count }) : t("overview.disabled", { count })}
    </Link>
  );
}

function Where({ nodes }: { readonly nodes: readonly string[] }) {
  const [first] = nodes;
  if (first === undefined) {
    return null;
  }
  const node = (
    <Link key={first} class="mono" to={nodeIn(first)}>
      {first}
    </Link>
  );
  return (
    <span>{nodes.length === 1 ? parts("overview.on_node", { node }) : t("overview.on_nodes", { count: nodes.length })}</span>
  );
}

function Progress({ withdrawal: { intent, pending, open } }: { readonly withdrawal: Withdrawal }) {
  return (
    <>
      {open > 0 && <span>{t("overview.not_yet", { count: open })}</span>}
      {pending > 0 && <strong>{t("overview.in_flight", { count: pending })}</strong>}
      {pending === 0 && open === 0 && intent === "draining" && <span>{t("overview.nothing_in_flight")}</span>}
    </>
  );
}
