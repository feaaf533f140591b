/** What is done to a node as a whole, and the dialogs that ask before it is done. */
import { signal } from "@preact/signals";
import { useRef, useState } from "preact/hooks";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { Field } from "@/components/field";
import { Problem } from "@/components/problem";
import { t } from "@/core/i18n";
import type { NodeEntry } from "@/core/wire.gen";
import { type BulkVerb, openBulk } from "@/pages/backends/bulk";
import { HttpProblem, http } from "@/state/http";
import { rememberReason } from "@/state/preferences";
import { say } from "@/state/toasts";

/** What is done to a node as a whole. */
type Verb = "delete" | "allow";

interface Question {
  readonly verb: Verb;
  readonly node: NodeEntry;
}

const REASON_MOST = 256;
const question = signal<Question | undefined>(undefined);

/** Ask whether a node shall be deleted or allowed again, and why; `NodeDialogs` has to be on the page. */
export function askAboutNode(verb: Verb, node: NodeEntry): void {
  question.value = { verb, node };
}

/** Open the dialog that drains, disables or enables all that a node has. */
export function steerNode(verb: BulkVerb, node: NodeEntry, onDone?: () => void): void {
  const targets = { filter: { node: [node.node_id] } };
  openBulk({ verb, targets, title: node.node_id, ...(onDone === undefined ? {} : { onDone }) });
}

/** The dialogs that `askAboutNode` opens. `onDone` is called after something was done. */
export function NodeDialogs({ onDone }: { readonly onDone: () => void }) {
  const asked = question.value;
  return asked === undefined ? null : <NodeDialog key={`${asked.verb} ${asked.node.node_id}`} {...asked} onDone={onDone} />;
}

function NodeDialog({ verb, node, onDone }: Question & { readonly onDone: () => void }) {
  const [reason, setReason] = useState("");
  const [error, setError] = useState<string>();
  const [problem, setProblem] = useState<HttpProblem>();
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const close = () => {
    question.value = undefined;
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (reason.trim() === "") {
      setError(t("nodes.reason_needed"));
      field.current?.focus();
      return;
    }
    setBusy(true);
    try {
      await carryOut(verb, node.node_id, reason.trim());
      rememberReason(reason.trim());
      say({
        tone: "ok",
        text:
          verb === "delete" ? t("nodes.was_deleted", { node: node.node_id }) : t("nodes.was_allowed", { node: node.node_id }),
      });
      close();
      onDone();
    } catch (caught) {
      if (!(caught instanceof HttpProblem)) {
        throw caught;
      }
      setProblem(caught);
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      title={
        verb === "delete" ? t("nodes.delete_title", { node: node.node_id }) : t("nodes.allow_title", { node: node.node_id })
      }
      onClose={close}
      actions={
        <>
          <Button onClick={close}>{t("nodes.cancel")}</Button>
          <Button kind={verb === "delete" ? "danger" : "primary"} busy={busy} onClick={submit}>
            {verb === "delete" ? t("nodes.do_delete") : t("nodes.do_allow")}
          </Button>
        </>
      }
    >
      <form class="node-dialog" onSubmit={submit}>
        <Consequences verb={verb} node={node} />
        <Field label={t("nodes.reason")} hint={t("nodes.reason_hint")} error={error}>
          {(ids) => (
            <input
              {...ids}
              ref={field}
              class="input"
              value={reason}
              maxLength={REASON_MOST}
              autocomplete="off"
              autofocus
              onInput={(event) => {
                setReason(event.currentTarget.value);
                setError(undefined);
              }}
            />
          )}
        </Field>
        {problem !== undefined && <Problem problem={problem} />}
      </form>
    </Dialog>
  );
}

/** What it means. */
function Consequences({ verb, node }: Question) {
  if (verb === "allow") {
    return <p>{t("nodes.allow_text")}</p>;
  }
  return (
    <>
      <p>{t("nodes.delete_text")}</p>
      <p>
        {t("nodes.delete_count", { count: node.total })}
        {node.pending > 0 && <strong> {t("nodes.delete_pending", { count: node.pending })}</strong>}
      </p>
      <p class="muted">{t("nodes.delete_back")}</p>
    </>
  );
}

function carryOut(verb: Verb, nodeId: string, reason: string): Promise<unknown> {
  const path = `api/nodes/${encodeURIComponent(nodeId)}`;
  const query = `reason=${encodeURIComponent(reason)}`;
  return verb === "delete" ? http.delete(`${path}?${query}`) : http.post(`${path}/allow?${query}`);
}
