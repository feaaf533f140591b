/** A field of the filters of events: what is typed takes effect when it is finished, or after a moment. */

import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Field } from "@/components/field";

/** What is filtered by, and what could be. */
export interface TextFilterProps {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  /** Offered while typing; the first 20. */
  readonly suggestions: readonly string[];
  /** Why a text cannot be used; undefined if it can. */
  readonly problemOf?: (text: string) => string | undefined;
  readonly onTyped?: (text: string) => void;
  readonly onChange: (value: string) => void;
}

const WAIT_MS = 400;
const OFFERED_MOST = 20;

/** A field with suggestions. */
export function TextFilter({ label, hint, value, suggestions, problemOf, onTyped, onChange }: TextFilterProps) {
  const [text, setText] = useState(value);
  const id = useId();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const problem = problemOf?.(text.trim());
  useEffect(() => setText(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const settle = (typed: string) => {
    clearTimeout(timer.current);
    const wanted = typed.trim();
    if (wanted !== value && problemOf?.(wanted) === undefined) {
      onChange(wanted);
    }
  };
  return (
    <div class="event-field">
      <Field label={label} error={problem}>
        {(ids) => (
          <input
            {...ids}
            class="input"
            type="search"
            value={text}
            placeholder={hint}
            list={id}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            onInput={(event) => {
              const typed = event.currentTarget.value;
              setText(typed);
              onTyped?.(typed);
              clearTimeout(timer.current);
              timer.current = setTimeout(settle, WAIT_MS, typed);
            }}
            onChange={(event) => settle(event.currentTarget.value)}
          />
        )}
      </Field>
      <datalist id={id}>
        {suggestions.slice(0, OFFERED_MOST).map((offer) => (
          <option key={offer} value={offer} />
        ))}
      </datalist>
    </div>
  );
}
