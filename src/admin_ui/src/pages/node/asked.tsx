/** The frame around what a node answers when it is asked. */
import type { ComponentChildren } from "preact";
import { Button } from "@/components/button";
import { Empty } from "@/components/empty";
import { Problem } from "@/components/problem";
import { Skeleton } from "@/components/skeleton";
import { Time } from "@/components/values";
import { parts, t } from "@/core/i18n";
import { refusalTitle } from "@/pages/node/refusal";
import { setParams } from "@/state/place";
import type { Polled } from "@/state/polled";
import type { HttpProblem } from "@/state/problem";

interface Props<T> {
  readonly polled: Polled<readonly T[]>;
  readonly children: (entries: readonly T[]) => ComponentChildren;
}

/** What a node says when it is asked: when that was, a way to ask again, and if it could not be asked, why and what to do. */
export function Asked<T>({ polled, children }: Props<T>) {
  const entries = polled.value.value;
  const problem = polled.problem.value;
  if (problem !== undefined) {
    return <Refused problem={problem} again={polled.refresh} />;
  }
  if (entries === undefined) {
    return <Skeleton rows={6} />;
  }
  const total = Number(polled.headers.value?.get("x-total-count") ?? entries.length);
  return (
    <>
      <div class="asked">
        <span class="muted">{parts("nodes.asked", { age: <Time key="age" at={polled.loadedAtMs.value} /> })}</span>
        <Button icon="refresh" onClick={polled.refresh}>
          {t("nodes.ask_again")}
        </Button>
        {total > entries.length && <span class="muted">{t("nodes.only_part", { count: entries.length })}</span>}
      </div>
      {children(entries)}
    </>
  );
}

/** Why a node could not be asked, and what an operator can do about it. */
function Refused({ problem, again }: { readonly problem: HttpProblem; readonly again: () => void }) {
  const title = refusalTitle(problem);
  if (title === undefined) {
    return <Problem problem={problem} retry={again} />;
  }
  return (
    <Empty
      title={t(title)}
      text={<p class="refusal">{problem.detail}</p>}
      action={
        <>
          <Button icon="refresh" onClick={again}>
            {t("nodes.ask_again")}
          </Button>
          <Button onClick={() => setParams({ source: null })}>{t("nodes.see_stored")}</Button>
        </>
      }
    />
  );
}
