/** The page of one node. */
import { useComputed } from "@preact/signals";
import { Button } from "@/components/button";
import { Empty } from "@/components/empty";
import { Link } from "@/components/link";
import { Menu, type MenuItem } from "@/components/menu";
import { PageHead } from "@/components/page_head";
import { Problem } from "@/components/problem";
import { Skeleton } from "@/components/skeleton";
import { StandingBadge } from "@/components/status";
import { t } from "@/core/i18n";
import type { NodeBackendEntry, NodeDetail } from "@/core/wire.gen";
import { BackendsSection } from "@/pages/node/backends_section";
import { DrainProgress } from "@/pages/node/drain_progress";
import { drainingOf } from "@/pages/node/draining";
import { Identity } from "@/pages/node/identity";
import { NodeEvents } from "@/pages/node/node_events";
import { OpenWishes } from "@/pages/node/open_wishes";
import { NodeFlags } from "@/pages/nodes/columns";
import { FENCED } from "@/pages/nodes/listing";
import { askAboutNode, NodeDialogs, steerNode } from "@/pages/nodes/node_dialog";
import { type Pages, usePages } from "@/state/paged";
import { place } from "@/state/place";
import { usePolled } from "@/state/polled";
import { isOperator } from "@/state/session";
import "@/components/panel.css";
import "@/pages/nodes/nodes.css";
import "@/pages/node/node.css";

const EVERY_MS = 2000;

/** One node: what it is, what it has, what operators want of it, and what happened to it. */
export default function NodePage() {
  const nodeId = useComputed(() => place.value.path[0] ?? "").value;
  return <OneNode key={nodeId} nodeId={nodeId} />;
}

function OneNode({ nodeId }: { readonly nodeId: string }) {
  const path = `api/nodes/${encodeURIComponent(nodeId)}`;
  const polled = usePolled<NodeDetail>(path, EVERY_MS);
  const stored = usePages<NodeBackendEntry>(`${path}/backends?source=stored`, EVERY_MS, idOf);
  const problem = polled.problem.value;
  const isMissing = problem?.status === 404;
  const node = isMissing ? undefined : polled.value.value;
  const refresh = () => {
    polled.refresh();
    stored.first.refresh();
  };
  return (
    <div class="page node-page">
      <PageHead
        title={t("nodes.one_title", { node: nodeId })}
        heading={<span class="mono">{nodeId}</span>}
        counts={
          node && (
            <>
              <StandingBadge standing={node.standing} />
              <NodeFlags node={node} />
            </>
          )
        }
        actions={node && <Actions node={node} refresh={refresh} />}
      />
      {isMissing && <Missing nodeId={nodeId} />}
      {problem !== undefined && !isMissing && <Problem problem={problem} retry={polled.refresh} />}
      {node === undefined && problem === undefined && <Skeleton rows={8} />}
      {node !== undefined && <Shown node={node} path={path} stored={stored} refresh={refresh} />}
    </div>
  );
}

interface ShownProps {
  readonly node: NodeDetail;
  /** Of the node in the hub's API. */
  readonly path: string;
  readonly stored: Pages<NodeBackendEntry>;
  readonly refresh: () => void;
}

function Shown({ node, path, stored, refresh }: ShownProps) {
  const draining = drainingOf(node, stored.entries.value ?? []);
  return (
    <>
      {draining !== undefined && <DrainProgress draining={draining} />}
      <Identity node={node} />
      <BackendsSection node={node} path={path} stored={stored} refresh={refresh} />
      <div class="node-below">
        <OpenWishes wishes={node.open_wishes} backends={stored.entries.value ?? []} />
        <NodeEvents nodeId={node.node_id} />
      </div>
      <NodeDialogs onDone={refresh} />
    </>
  );
}

function idOf(entry: NodeBackendEntry): string {
  return entry.id;
}

function Actions({ node, refresh }: { readonly node: NodeDetail; readonly refresh: () => void }) {
  if (!isOperator.value) {
    return null;
  }
  if (FENCED.has(node.standing)) {
    return node.standing === "deleted" ? (
      <Button icon="check" onClick={() => askAboutNode("allow", node)}>
        {t("nodes.allow")}
      </Button>
    ) : null;
  }
  const items: MenuItem[] = [
    { id: "disable", label: t("nodes.disable"), run: () => steerNode("disable", node, refresh) },
    { id: "enable", label: t("nodes.enable"), run: () => steerNode("enable", node, refresh) },
    { id: "delete", label: t("nodes.delete"), danger: true, run: () => askAboutNode("delete", node) },
  ];
  return (
    <>
      <Button onClick={() => steerNode("drain", node, refresh)}>{t("nodes.drain")}</Button>
      <Menu label={t("nodes.menu", { node: node.node_id })} trigger={null} icon="more" items={items} />
    </>
  );
}

function Missing({ nodeId }: { readonly nodeId: string }) {
  return (
    <Empty
      title={t("nodes.missing_title", { node: nodeId })}
      text={t("nodes.missing_text")}
      action={
        <>
          <Link class="button button-plain" to={{ page: "events", params: { node: nodeId } }}>
            {t("nodes.its_events")}
          </Link>
          <Link class="button button-plain" to="nodes">
            {t("nodes.all_nodes")}
          </Link>
        </>
      }
    />
  );
}
