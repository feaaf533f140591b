/** The columns of the list of nodes. */
import { NodesBar } from "@/components/bars";
import { Link } from "@/components/link";
import { Menu, type MenuItem } from "@/components/menu";
import { StandingBadge } from "@/components/status";
import { Time } from "@/components/values";
import type { Column } from "@/components/virtual_rows";
import { formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import { withTerm } from "@/core/query";
import type { NodeEntry } from "@/core/wire.gen";
import { FENCED } from "@/pages/nodes/listing";
import { askAboutNode, steerNode } from "@/pages/nodes/node_dialog";
import { href } from "@/state/place";
import { isOperator } from "@/state/session";

/** The columns of the list of nodes. */
export function nodeColumns(): readonly Column<NodeEntry>[] {
  return [
    { name: "node", title: t("nodes.node"), sortable: true, cell: (node) => <NodeCell node={node} /> },
    {
      name: "standing",
      title: t("nodes.standing"),
      sortable: true,
      cell: (node) => <StandingBadge standing={node.standing} />,
    },
    { name: "heard", title: t("nodes.heard"), sortable: true, cell: (node) => <Heard node={node} /> },
    { name: "backends", title: t("nodes.backends"), sortable: true, cell: (node) => <BackendsBar node={node} /> },
    { name: "pending", title: t("nodes.pending"), sortable: true, numeric: true, cell: (node) => formatNumber(node.pending) },
    {
      name: "wishes",
      title: t("nodes.wishes"),
      hint: t("nodes.wishes_text"),
      sortable: true,
      numeric: true,
      cell: (node) => (node.wishes === 0 ? <span class="muted">–</span> : formatNumber(node.wishes)),
    },
    { name: "url", title: t("nodes.url"), cell: (node) => <Url url={node.url} /> },
    { name: "actions", title: t("nodes.actions"), untitled: true, cell: (node) => <NodeMenu node={node} /> },
  ];
}

function NodeCell({ node }: { readonly node: NodeEntry }) {
  return (
    <>
      <Link class="mono cut" to={{ page: "nodes", path: [node.node_id] }} title={node.node_id}>
        {node.node_id}
      </Link>
      <NodeFlags node={node} />
    </>
  );
}

/** What is out of the ordinary about a node, beside how it stands. */
export function NodeFlags({ node }: { readonly node: NodeEntry }) {
  return (
    <>
      {node.protected && <Flag word={t("nodes.protected")} hint={t("nodes.protected_hint")} />}
      {node.identity_conflict && <Flag word={t("nodes.conflict")} hint={t("nodes.conflict_hint")} />}
      {node.stale && <Flag word={t("nodes.stale")} hint={t("nodes.stale_hint")} />}
    </>
  );
}

function Flag({ word, hint }: { readonly word: string; readonly hint: string }) {
  return (
    <span class="node-flag" title={hint}>
      {word}
    </span>
  );
}

/** When a node was last heard. Of one that reports as it should, only that is known: the hub does not say it anew each time. */
export function Heard({ node }: { readonly node: NodeEntry }) {
  if (node.standing === "live") {
    return <span class="muted">{t("nodes.just_now")}</span>;
  }
  return node.heard_at === null ? <span class="muted">{t("nodes.never_heard")}</span> : <Time at={node.heard_at} />;
}

/** How many of a node's backends can be used; what operators have taken out there is no fault. */
export function BackendsBar({ node }: { readonly node: NodeEntry }) {
  const { available, withdrawn, total } = node;
  return (
    <NodesBar available={available} withdrawn={withdrawn} total={total} label={t("nodes.summary", { available, total })} />
  );
}

function Url({ url }: { readonly url: string | null }) {
  return url === null ? (
    <span class="muted">{t("nodes.no_url")}</span>
  ) : (
    <span class="mono" title={url}>
      {url}
    </span>
  );
}

/** What can be done about a node, as far as who is signed in may. */
function NodeMenu({ node }: { readonly node: NodeEntry }) {
  return <Menu label={t("nodes.menu", { node: node.node_id })} trigger={null} icon="more" kind="ghost" items={itemsOf(node)} />;
}

function itemsOf(node: NodeEntry): MenuItem[] {
  const list: MenuItem = {
    id: "list",
    label: t("nodes.show_backends"),
    icon: "backends",
    href: href({ page: "backends", params: { q: withTerm("", "node", node.node_id) } }),
  };
  if (!isOperator.value) {
    return [list];
  }
  if (FENCED.has(node.standing)) {
    return node.standing === "deleted"
      ? [{ id: "allow", label: t("nodes.allow"), icon: "check", run: () => askAboutNode("allow", node) }]
      : [];
  }
  return [
    list,
    { id: "drain", label: t("nodes.drain"), icon: "down", run: () => steerNode("drain", node) },
    { id: "enable", label: t("nodes.enable"), icon: "play", run: () => steerNode("enable", node) },
    { id: "delete", label: t("nodes.delete"), icon: "trash", danger: true, run: () => askAboutNode("delete", node) },
  ];
}
