/** The parts of the query, each of which can be taken away. */

import { Chip } from "@/components/chip";
import { t } from "@/core/i18n";
import { printTerm, type Term } from "@/core/query";
import { withoutPart } from "@/core/query_edit";
import { query, queryText, setQuery } from "@/pages/backends/list_state";

/** A chip for each term and each word. */
export function TermChips() {
  const { terms, words } = query.value;
  const parts: readonly (Term | string)[] = [...terms, ...words];
  if (parts.length === 0) {
    return null;
  }
  return (
    <ul class="term-chips">
      {parts.map((part) => {
        const text = typeof part === "string" ? part : printTerm(part);
        return (
          <li key={text}>
            <Chip
              tone="accent"
              removeLabel={t("backends.term_remove", { term: text })}
              onRemove={() => setQuery(withoutPart(queryText.peek(), part))}
            >
              {shownAs(part)}
            </Chip>
          </li>
        );
      })}
    </ul>
  );
}

/** A term with some air, so that it is read more easily than it is written. */
function shownAs(part: Term | string): string {
  if (typeof part === "string") {
    return t("backends.term_word", { word: part });
  }
  if (part.type === "number") {
    return printTerm(part);
  }
  const [field, values] = [part.field, part.values.join(", ")];
  return part.excludes ? t("backends.term_without", { field, values }) : t("backends.term_with", { field, values });
}
