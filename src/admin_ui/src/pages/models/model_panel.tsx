/** One model beside the list. */
import { useEffect, useRef } from "preact/hooks";
import { NodesBar } from "@/components/bars";
import { Button } from "@/components/button";
import { CopyButton } from "@/components/copy_button";
import { Link } from "@/components/link";
import { StatusBadge } from "@/components/status";
import { formatLatency, formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import { withTerm } from "@/core/query";
import type { Row } from "@/core/store";
import type { ClusterModelEntry } from "@/core/wire.gen";
import { abilitiesOf, contextText, residencyText } from "@/pages/models/columns";
import { servingOf } from "@/pages/models/serving";
import { fleet } from "@/state/fleet";
import { useFleetTick, useGlance } from "@/state/glance";

interface Props {
  readonly id: string;
  /** Undefined if nothing serves it any more. */
  readonly model: ClusterModelEntry | undefined;
  readonly onClose: () => void;
}

const SHOWN_MOST = 100;

/** One model, beside the list: what it can, and the backends that serve it, live. */
export function ModelPanel({ id, model, onClose }: Props) {
  const tick = useFleetTick();
  const { rows, total } = useGlance(tick, () => servingOf(fleet.store, id, SHOWN_MOST)).value;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  const list = { page: "backends", params: { q: withTerm("", "model", id) } } as const;
  return (
    <aside class="model-panel" aria-label={t("models.panel", { model: id })}>
      <div class="model-panel-head">
        <h2 ref={heading} tabIndex={-1}>
          <span class="mono">{id}</span>
        </h2>
        <CopyButton text={id} label={t("models.copy")} kind="ghost" bare />
        <Button kind="ghost" icon="close" label={t("models.close")} onClick={onClose} />
      </div>
      {model !== undefined && <Facts model={model} />}
      {total === 0 ? (
        <p class="muted">{t("models.none_serves")}</p>
      ) : (
        <>
          <div class="panel-head">
            <h3>{t("models.serves", { count: total })}</h3>
            <Link to={list}>{t("models.open_list")}</Link>
          </div>
          <ul>
            {rows.map((row) => (
              <Backend key={row.key} row={row} />
            ))}
          </ul>
          {total > rows.length && <Link to={list}>{t("models.more", { count: total - rows.length })}</Link>}
        </>
      )}
    </aside>
  );
}

function Backend({ row }: { readonly row: Row }) {
  return (
    <li class="model-backend">
      <span class="cut">
        <Link class="mono" to={{ page: "backends", params: { open: row.key } }}>
          {row.name}
        </Link>{" "}
        <span class="muted">{row.kind}</span>
      </span>
      <StatusBadge status={row.status} />
      <NodesBar available={row.available} withdrawn={row.draining + row.disabled} total={row.total} />
      <span class="num">{formatLatency(row.latencyMs)}</span>
      {row.reason !== "" && (
        <span class="model-why muted cut" title={row.reason}>
          {row.reason}
        </span>
      )}
    </li>
  );
}

function Facts({ model }: { readonly model: ClusterModelEntry }) {
  return (
    <dl class="identity">
      <div class="fact">
        <dt>{t("models.context")}</dt>
        <dd>{contextText(model)}</dd>
      </div>
      {model.max_output_tokens !== null && (
        <div class="fact">
          <dt>{t("models.max_output")}</dt>
          <dd>{formatNumber(model.max_output_tokens)}</dd>
        </div>
      )}
      <div class="fact">
        <dt>{t("models.can")}</dt>
        <dd>{abilitiesOf(model).join(", ") || "–"}</dd>
      </div>
      <div class="fact">
        <dt>{t("models.residency")}</dt>
        <dd>{residencyText(model)}</dd>
      </div>
    </dl>
  );
}
