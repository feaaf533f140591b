/** What a node has reported beside what it says now. */
import { useState } from "preact/hooks";
import { Button } from "@/components/button";
import { Empty } from "@/components/empty";
import { t } from "@/core/i18n";
import type { DifferenceEntry, NodeBackendDiff } from "@/core/wire.gen";
import { Asked } from "@/pages/node/asked";
import { type BackendFilter, diffsWanted } from "@/pages/node/filter";
import { BackendName, NoBackends } from "@/pages/node/stored_list";
import { type Shown, shownValues } from "@/pages/node/values";
import { usePolled } from "@/state/polled";

interface Props {
  readonly path: string;
  readonly filter: BackendFilter;
}

const STEP = 100;
const SHAPES = { same: "●", changed: "▲", only_stored: "◧", only_node: "◨" } as const;

/** What a node has reported beside what it says now: where the two differ, field by field. */
export function DiffList({ path, filter }: Props) {
  const polled = usePolled<readonly NodeBackendDiff[]>(`${path}/backends?source=diff&limit=1000`, 0);
  const settled = polled.headers.value?.get("x-settled") !== "false";
  return (
    <Asked polled={polled}>
      {(all) => (
        <>
          {!settled && <p class="node-note">{t("nodes.not_settled")}</p>}
          <Differences all={all} filter={filter} />
        </>
      )}
    </Asked>
  );
}

function Differences({ all, filter }: { readonly all: readonly NodeBackendDiff[]; readonly filter: BackendFilter }) {
  const [same, setSame] = useState(false);
  const [most, setMost] = useState(STEP);
  const wanted = diffsWanted(all, filter, same);
  const alike = all.filter((diff) => diff.verdict === "same").length;
  const isFiltered = filter.text !== "" || filter.status !== "";
  return (
    <>
      {wanted.length === 0 && all.length === 0 && <NoBackends isFiltered={false} text={t("nodes.no_backends_live")} />}
      {wanted.length === 0 && isFiltered && <NoBackends isFiltered text="" />}
      {wanted.length === 0 && !isFiltered && all.length > 0 && (
        <Empty title={t("nodes.all_same_title")} text={t("nodes.all_same_text")} />
      )}
      <ul class="diffs">
        {wanted.slice(0, most).map((diff) => (
          <Diff key={diff.id} diff={diff} />
        ))}
      </ul>
      {wanted.length > most && (
        <Button onClick={() => setMost(most + STEP)}>{t("nodes.more_diffs", { count: wanted.length - most })}</Button>
      )}
      {!same && alike > 0 && (
        <Button kind="ghost" onClick={() => setSame(true)}>
          {t("nodes.show_same", { count: alike })}
        </Button>
      )}
    </>
  );
}

function Diff({ diff }: { readonly diff: NodeBackendDiff }) {
  const entry = diff.node ?? diff.stored;
  return (
    <li class={`diff diff-${diff.verdict}`}>
      <span class="diff-head">
        <span class="diff-verdict" title={t(`nodes.${diff.verdict}_hint`)}>
          <span aria-hidden="true">{SHAPES[diff.verdict]}</span> {t(`nodes.${diff.verdict}`)}
        </span>
        <span>{entry !== null && <BackendName entry={entry} />}</span>
      </span>
      {diff.differences.length > 0 && <Fields differences={diff.differences} />}
    </li>
  );
}

function Fields({ differences }: { readonly differences: readonly DifferenceEntry[] }) {
  return (
    <table class="diff-fields">
      <thead class="diff-sides">
        <tr>
          <th scope="col">{t("nodes.field")}</th>
          <th scope="col">{t("nodes.side_stored")}</th>
          <th scope="col">{t("nodes.side_node")}</th>
        </tr>
      </thead>
      <tbody>
        {differences.map(({ field, stored, node }) => (
          <tr key={field}>
            <th scope="row" class="mono">
              {field}
            </th>
            <td>
              <Values values={shownValues(stored, node)} look="diff-old" />
            </td>
            <td>
              <Values values={shownValues(node, stored)} look="diff-new" />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The values of one side; what the other has not is marked, by the mark and not by its colour alone. */
function Values({ values, look }: { readonly values: readonly Shown[]; readonly look: string }) {
  if (values.every(({ text }) => text === "")) {
    return <span class="muted">{t("nodes.nothing")}</span>;
  }
  return (
    <span class="diff-values">
      {values.map(({ text, odd }) =>
        odd ? (
          <mark key={text} class={look}>
            {text}
          </mark>
        ) : (
          <span key={text}>{text}</span>
        ),
      )}
    </span>
  );
}
