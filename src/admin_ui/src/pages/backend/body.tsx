/** All that is said of a backend: beneath each other, or in two columns where there is room. */

import { useMemo, useRef } from "preact/hooks";
import type { ClusterBackend } from "@/core/wire.gen";
import { Capabilities } from "@/pages/backend/capabilities";
import { Charts } from "@/pages/backend/charts";
import { Credentials } from "@/pages/backend/credentials";
import { Headline } from "@/pages/backend/headline";
import { useLog } from "@/pages/backend/log";
import { nodeRows } from "@/pages/backend/node_rows";
import { Nodes } from "@/pages/backend/nodes";
import { Raw } from "@/pages/backend/raw";
import { useRoom } from "@/pages/backend/size";
import { standingOf } from "@/pages/backend/standing";
import { Timeline } from "@/pages/backend/timeline";
import "./body.css";

/** What is shown. */
export interface BackendBodyProps {
  readonly backendKey: string;
  readonly backend: ClusterBackend;
}

/** From this width on, in px, there are two columns. */
const ROOMS = [960] as const;

/** Headline and parts. */
export function BackendBody({ backendKey, backend }: BackendBodyProps) {
  const rows = useMemo(() => nodeRows(backend.nodes), [backend]);
  const log = useLog(backend, backend);
  const standing = useMemo(() => standingOf(backend, rows, log.events), [backend, rows, log.events]);
  const holder = useRef<HTMLDivElement>(null);
  const hasColumns = useRoom(holder, ROOMS) > 0;
  const nodes = <Nodes key="nodes" backend={backend} rows={rows} />;
  const past = [
    <Charts key="charts" backendKey={backendKey} total={backend.total_nodes} />,
    <Timeline key="timeline" backend={backend} log={log} />,
  ];
  const rest = [
    <Capabilities key="capabilities" backend={backend} />,
    <Credentials key="credentials" rows={rows} />,
    <Raw key="raw" backend={backend} />,
  ];
  return (
    <div ref={holder} class="backend-detail">
      <Headline backend={backend} standing={standing} />
      {hasColumns ? (
        <div class="backend-columns">
          <div class="backend-column">{[nodes, ...rest]}</div>
          <div class="backend-column">{past}</div>
        </div>
      ) : (
        <div class="backend-column">{[nodes, ...past, ...rest]}</div>
      )}
    </div>
  );
}
