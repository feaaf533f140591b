/** The line in which the query is written, with suggestions for what could come next. */

import { useSignal, useSignalEffect } from "@preact/signals";
import { useId, useRef } from "preact/hooks";
import { Button } from "@/components/button";
import { Icon } from "@/components/icon";
import { KeyHint } from "@/components/key_hint";
import { t } from "@/core/i18n";
import { type Completion, completions } from "@/core/query";
import { useFacets } from "@/pages/backends/facet_counts";
import { endTyping, queryFieldId, queryText, setQuery, typeQuery } from "@/pages/backends/list_state";
import { QueryProblems } from "@/pages/backends/query_problems";
import { Suggestions } from "@/pages/backends/suggestions";
import "@/pages/backends/query_bar.css";

const SHOWN_MOST = 12;

/** The field, its suggestions, and what is wrong with the query. */
export function QueryBar() {
  const list = useId();
  const field = useRef<HTMLInputElement>(null);
  const caret = useSignal(-1);
  const active = useSignal(-1);
  const facets = useFacets(caret.value >= 0);
  const found = caret.value < 0 ? undefined : completions(queryText.value, caret.value, facets);
  const items = found?.items.slice(0, SHOWN_MOST) ?? [];
  const isOpen = items.length > 0;

  const close = () => {
    caret.value = -1;
    active.value = -1;
  };
  const look = () => {
    caret.value = field.current?.selectionStart ?? -1;
    active.value = -1;
  };
  const accept = (item: Completion) => {
    if (found !== undefined && field.current !== null) {
      const isWhole = item.value !== "";
      const before = queryText.peek().slice(0, found.from) + item.text + (isWhole ? " " : "");
      typeQuery(
        before +
          queryText
            .peek()
            .slice(found.to)
            .replace(/^ /, isWhole ? "" : " "),
      );
      field.current.value = queryText.peek();
      field.current.setSelectionRange(before.length, before.length);
      field.current.focus();
      look();
    }
  };
  const keys: Readonly<Record<string, () => boolean>> = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Enter: () => choose(),
    Tab: () => isOpen && active.value >= 0 && choose(),
    Escape: () => leave(),
  };
  const step = (by: number) => {
    if (!isOpen) {
      look();
      return true;
    }
    active.value = (active.value + by + items.length + (active.value < 0 && by < 0 ? 1 : 0)) % items.length;
    return true;
  };
  const choose = () => {
    const item = items[active.value];
    if (item === undefined) {
      endTyping();
      close();
    } else {
      accept(item);
    }
    return true;
  };
  const leave = () => {
    if (isOpen) {
      close();
    } else {
      field.current?.blur();
    }
    return true;
  };
  useSignalEffect(() => {
    // The way back, chips and filters change the text as well.
    const text = queryText.value;
    if (field.current !== null && field.current.value !== text) {
      field.current.value = text;
    }
  });

  return (
    <div class="query-bar">
      <div class="query-field">
        <Icon name="search" />
        <input
          ref={field}
          id={queryFieldId}
          class="input"
          type="text"
          role="combobox"
          aria-label={t("backends.query")}
          aria-expanded={isOpen}
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={active.value >= 0 ? `${list}-${active.value}` : undefined}
          placeholder={t("backends.query_placeholder")}
          autocomplete="off"
          autocapitalize="off"
          autocorrect="off"
          spellcheck={false}
          onInput={(event) => {
            typeQuery(event.currentTarget.value);
            look();
          }}
          onClick={look}
          onBlur={() => {
            endTyping();
            close();
          }}
          onKeyDown={(event) => {
            if (keys[event.key]?.()) {
              event.preventDefault();
            } else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
              close();
            }
          }}
        />
        {queryText.value === "" ? (
          <KeyHint keys="/" />
        ) : (
          <Button
            kind="ghost"
            icon="close"
            label={t("backends.query_clear")}
            onClick={() => {
              setQuery("");
              field.current?.focus();
            }}
          />
        )}
        <Suggestions id={list} items={items} active={active.value} onChoose={accept} />
      </div>
      <QueryProblems caret={caret.value} />
    </div>
  );
}
