/** What the nodes say on which the most is missing. */
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { NodeBackendEntry, NodeEntry } from "@/core/wire.gen";
import { isSilent, type NodeReport } from "@/pages/overview/troubles";
import { HttpProblem, http } from "@/state/http";

/** Nodes whose backends are looked at: those with the most missing. */
const NODES_MOST = 12;
const BACKENDS_MOST = 1000;
/** Of a node that is heard, one missing backend is told by its own line. */
const MISSING_LEAST = 2;

/** Backends of the nodes on which the most are missing, looked at again when such a node has changed. */
class Reports {
  readonly value = signal<readonly NodeReport[]>([]);
  readonly #backends = new Map<string, { readonly state: string; readonly entries: readonly NodeBackendEntry[] }>();
  readonly #abort = new AbortController();
  #next: readonly NodeEntry[] | undefined;
  #running = false;

  stop(): void {
    this.#abort.abort();
  }

  /** Look at what has changed since; while that is being done, the latest nodes wait for their turn. */
  async follow(nodes: readonly NodeEntry[]): Promise<void> {
    this.#next = nodes;
    if (this.#running) {
      return;
    }
    this.#running = true;
    while (this.#next !== undefined && !this.#abort.signal.aborted) {
      const chosen = mostMissing(this.#next);
      this.#next = undefined;
      await this.#lookAt(chosen);
    }
    this.#running = false;
  }

  async #lookAt(chosen: readonly NodeEntry[]): Promise<void> {
    await Promise.all(chosen.map((node) => this.#look(node)));
    const ids = new Set(chosen.map((node) => node.node_id));
    for (const id of this.#backends.keys()) {
      if (!ids.has(id)) {
        this.#backends.delete(id);
      }
    }
    this.value.value = chosen.map((node) => ({ node, backends: this.#backends.get(node.node_id)?.entries ?? [] }));
  }

  async #look(node: NodeEntry): Promise<void> {
    const state = `${node.standing} ${node.epoch} ${node.revision}`;
    if (this.#backends.get(node.node_id)?.state === state) {
      return;
    }
    const path = `api/nodes/${encodeURIComponent(node.node_id)}/backends?limit=${BACKENDS_MOST}`;
    try {
      const entries = await http.get<readonly NodeBackendEntry[]>(path, { signal: this.#abort.signal });
      this.#backends.set(node.node_id, { state, entries });
    } catch (problem) {
      // What cannot be looked at explains nothing: its backends have lines of their own.
      if (!(problem instanceof HttpProblem) && !this.#abort.signal.aborted) {
        throw problem;
      }
    }
  }
}

/** The nodes on which the most backends are missing, with those backends. Cost: a request for each of at most 12 nodes that changed. */
export function useReports(nodes: ReadonlySignal<readonly NodeEntry[] | undefined>): ReadonlySignal<readonly NodeReport[]> {
  const reports = useMemo(() => new Reports(), []);
  useEffect(() => {
    const end = effect(() => {
      void reports.follow(nodes.value ?? []);
    });
    return () => {
      end();
      reports.stop();
    };
  }, [reports, nodes]);
  return reports.value;
}

function mostMissing(nodes: readonly NodeEntry[]): NodeEntry[] {
  const missing = nodes.filter((node) => node.total - node.available >= (isSilent(node) ? 1 : MISSING_LEAST));
  return missing.sort((a, b) => b.total - b.available - (a.total - a.available)).slice(0, NODES_MOST);
}
