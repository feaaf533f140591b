/** Nothing matches: which part of the query leaves out most, and how to go on. */

import { Button } from "@/components/button";
import { Empty } from "@/components/empty";
import { formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import { Matcher } from "@/core/matcher";
import { parseQuery, printQuery, printTerm, type Query, type Term } from "@/core/query";
import { withoutPart } from "@/core/query_edit";
import { membership, query, queryText, setQuery } from "@/pages/backends/list_state";
import { fleet } from "@/state/fleet";
import { serverNow } from "@/state/now";

interface Way {
  readonly term: string;
  readonly text: string;
  readonly count: number;
}

const WAYS_MOST = 3;

/** What to show in place of the rows. */
export function NoMatch() {
  const without = waysWithout(query.value, queryText.value);
  const ways = (without.length > 0 ? without : waysWithOnly(query.value)).slice(0, WAYS_MOST);
  return (
    <Empty
      title={t("backends.empty_title")}
      text={
        <ul>
          {ways.map((way) => (
            <li key={way.term}>
              <Button kind="ghost" onClick={() => setQuery(way.text)}>
                {t(without.length > 0 ? "backends.empty_without" : "backends.empty_with_only", {
                  term: way.term,
                  number: formatNumber(way.count),
                })}
              </Button>
            </li>
          ))}
        </ul>
      }
      action={
        <Button kind="primary" onClick={() => setQuery("")}>
          {t("backends.empty_clear")}
        </Button>
      }
    />
  );
}

/** The query without each of its parts, and what would match then; what brings most first. Cost: one look at all rows for each part. */
function waysWithout(asked: Query, text: string): Way[] {
  return found(partsOf(asked).map(({ part, term }) => ({ term, text: withoutPart(text, part) })));
}

/** Each part of the query alone, where leaving out one of them does not help. */
function waysWithOnly(asked: Query): Way[] {
  return found(partsOf(asked).map(({ term }) => ({ term, text: term })));
}

function partsOf(asked: Query): { readonly part: Term | string; readonly term: string }[] {
  return [
    ...asked.terms.map((term) => ({ part: term, term: printTerm(term) })),
    ...asked.words.map((word) => ({ part: word, term: printQuery({ terms: [], words: [word], problems: [] }) })),
  ];
}

function found(ways: readonly Omit<Way, "count">[]): Way[] {
  return ways
    .map((way) => ({ ...way, count: countOf(parseQuery(way.text)) }))
    .filter((way) => way.count > 0)
    .sort((one, other) => other.count - one.count);
}

function countOf(asked: Query): number {
  const matcher = new Matcher(fleet.store, asked, serverNow, membership.peek());
  return fleet.store.slots().reduce((count, slot) => count + (matcher.matches(slot) ? 1 : 0), 0);
}
