/** What is wrong with the query, and what would be right. */

import { t } from "@/core/i18n";
import type { Problem } from "@/core/query";
import { query, queryText, setQuery } from "@/pages/backends/list_state";

/**
 * A line for each part of the query that cannot be understood; what was probably meant can be taken with one click.
 *
 * `caret` is where the caret is in the query; -1 if it is not in it.
 */
export function QueryProblems({ caret }: { readonly caret: number }) {
  // What is just being written is not yet wrong.
  const problems = query.value.problems.filter(({ from, to }) => caret < from || caret > to);
  return (
    <div role="status">
      {problems.map((problem) => (
        <p key={`${problem.from} ${problem.code}`} class="query-problem">
          <span aria-hidden="true">▲</span>
          <code>{problem.text}</code>
          <span>{sentenceOf(problem)}</span>
          {problem.instead !== "" && (
            <button type="button" class="query-instead" onClick={() => setQuery(corrected(problem))}>
              {t("backends.query_instead", { text: problem.instead })}
            </button>
          )}
        </p>
      ))}
    </div>
  );
}

function sentenceOf({ code, field, value, remedy, example }: Problem): string {
  const what = t(`backends.wrong_${code}`, { field, value });
  return t("backends.query_problem", { what, remedy: t(`backends.remedy_${remedy}`, { example }) });
}

function corrected({ from, to, instead }: Problem): string {
  const text = queryText.peek();
  return text.slice(0, from) + instead + text.slice(to);
}
