/** What a batch would do. */

import { formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import type { BatchAnswer } from "@/core/wire.gen";
import type { BulkRun } from "@/pages/backends/bulk_run";

const NAMED_MOST = 8;

/** The figures of the dry run, and what should be looked at before it is done. */
export function BulkPlan({ run }: { readonly run: BulkRun }) {
  const plan = run.plan.value;
  if (plan === undefined) {
    return run.problem.value === undefined ? <p class="bulk-looking muted">{t("backends.bulk_looking")}</p> : null;
  }
  return (
    <div class="bulk-plan" aria-live="polite">
      <Figures plan={plan} />
      {run.changed.value && <p class="bulk-note is-warn">{t("backends.bulk_changed")}</p>}
      {plan.changes === 0 && <p class="bulk-note">{t("backends.bulk_nothing")}</p>}
      {plan.models_lost.length > 0 && (
        <Named tone="is-bad" title={t("backends.bulk_lost", { count: plan.models_lost.length })} names={plan.models_lost} />
      )}
      {plan.silent_nodes.length > 0 && (
        <Named
          tone="is-warn"
          title={t("backends.bulk_silent", { count: plan.silent_nodes.length })}
          names={plan.silent_nodes}
        />
      )}
      {plan.unknown.length > 0 && <p class="bulk-note">{t("backends.bulk_unknown", { count: plan.unknown.length })}</p>}
    </div>
  );
}

function Figures({ plan }: { readonly plan: BatchAnswer }) {
  const figures = [
    [t("backends.bulk_backends"), formatNumber(plan.backends)],
    [t("backends.bulk_nodes"), formatNumber(plan.nodes)],
    [
      t("backends.bulk_changes"),
      t("backends.bulk_of", { changes: formatNumber(plan.changes), targets: formatNumber(plan.targets) }),
    ],
    [t("backends.bulk_in_flight"), formatNumber(plan.pending_requests)],
  ];
  return (
    <dl class="bulk-figures">
      {figures.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Named(props: { readonly tone: string; readonly title: string; readonly names: readonly string[] }) {
  const more = props.names.length - NAMED_MOST;
  return (
    <div class={`bulk-note ${props.tone}`}>
      <p>{props.title}</p>
      <ul>
        {props.names.slice(0, NAMED_MOST).map((name) => (
          <li key={name} class="mono">
            {name}
          </li>
        ))}
        {more > 0 && <li>{t("backends.bulk_more", { count: more })}</li>}
      </ul>
    </div>
  );
}
