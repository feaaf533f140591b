/** Fields of forms, with label, hint and what is wrong. */
import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";
import { Button } from "@/components/button";
import { Icon } from "@/components/icon";
import { KeyHint } from "@/components/key_hint";
import { t } from "@/core/i18n";
import "./field.css";

/** What a control gets from the field around it. */
export interface ControlIds {
  readonly id: string;
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": true | undefined;
}

interface FieldProps {
  readonly label: string;
  readonly hint?: ComponentChildren | undefined;
  readonly error?: string | undefined;
  /** The control: `{(ids) => <input {...ids} class="input" />}`. */
  readonly children: (ids: ControlIds) => ComponentChildren;
}

/** A control with its label above it and its hint or error below. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const below = error ?? hint;
  const ids: ControlIds = {
    id,
    "aria-describedby": below === undefined ? undefined : `${id}-below`,
    "aria-invalid": error === undefined ? undefined : true,
  };
  return (
    <div class="field">
      <label for={id} class="field-label">
        {label}
      </label>
      {children(ids)}
      {below === undefined ? null : (
        <div
          id={`${id}-below`}
          class={error === undefined ? "field-hint" : "field-error"}
          role={error === undefined ? undefined : "alert"}
        >
          {below}
        </div>
      )}
    </div>
  );
}

interface SearchFieldProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string | undefined;
  /** A key that leads here, shown in the empty field. */
  readonly hint?: string | undefined;
  readonly onInput: (value: string) => void;
  readonly inputRef?: ((input: HTMLInputElement | null) => void) | undefined;
}

/** A field for a text to look for. Escape empties it. */
export function SearchField({ label, value, placeholder, hint, onInput, inputRef }: SearchFieldProps) {
  const input = useRef<HTMLInputElement | null>(null);
  const empty = () => {
    onInput("");
    input.current?.focus();
  };
  return (
    <div class="search-field">
      <Icon name="search" />
      <input
        ref={(element: HTMLInputElement | null) => {
          input.current = element;
          inputRef?.(element);
        }}
        type="search"
        class="input"
        aria-label={label}
        placeholder={placeholder ?? label}
        value={value}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        onInput={(event) => onInput(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && value !== "") {
            event.preventDefault();
            empty();
          }
        }}
      />
      {value === "" ? (
        hint === undefined ? null : (
          <KeyHint keys={hint} />
        )
      ) : (
        <Button kind="ghost" icon="close" label={t("shell.clear")} onClick={empty} />
      )}
    </div>
  );
}
