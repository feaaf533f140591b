/** Search or jump: one field for pages, backends, nodes, models, and what can be done. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "@/components/icon";
import { KeyHint } from "@/components/key_hint";
import { type Result, type ResultGroup, useResults } from "@/components/palette_results";
import { t } from "@/core/i18n";
import { overlay } from "@/state/overlay";
import "./palette.css";

const LIST = "palette-list";

function close(): void {
  overlay.value = null;
}

interface OptionProps {
  readonly result: Result;
  readonly isCurrent: boolean;
  readonly onChoose: (result: Result) => void;
}

function Option({ result, isCurrent, onChoose }: OptionProps) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isCurrent) {
      element.current?.scrollIntoView({ block: "nearest" });
    }
  }, [isCurrent]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus and the keyboard; options are only pointed at.
    <div
      ref={element}
      role="option"
      tabIndex={-1}
      id={`palette-${result.id}`}
      class="palette-option"
      aria-selected={isCurrent}
      onClick={() => onChoose(result)}
    >
      {result.icon === undefined ? null : <Icon name={result.icon} />}
      <span class="palette-label cut">{result.label}</span>
      {result.note === undefined ? null : <span class="muted">{result.note}</span>}
      {result.keys === undefined ? null : <KeyHint keys={result.keys} />}
    </div>
  );
}

interface GroupProps {
  readonly group: ResultGroup;
  readonly current: Result | undefined;
  readonly onChoose: (result: Result) => void;
}

function Group({ group, current, onChoose }: GroupProps) {
  const label = `palette-group-${group.id}`;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be part of a listbox.
    <div role="group" aria-labelledby={label}>
      <div id={label} class="palette-group">
        {t(`palette.${group.id}`)}
      </div>
      {group.results.map((result) => (
        <Option key={result.id} result={result} isCurrent={result === current} onChoose={onChoose} />
      ))}
    </div>
  );
}

/** The palette, in a dialog of its own. */
export default function Palette() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const groups = useResults(text);
  const all = groups.flatMap((group) => group.results);
  const current = all[Math.min(at, all.length - 1)];
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) {
        before.focus();
      }
    };
  }, []);
  const choose = (result: Result) => {
    close();
    result.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const last = all.length - 1;
    const places: Readonly<Record<string, number>> = { ArrowDown: at >= last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1 };
    const to = places[event.key];
    const isClosing = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
    if (to !== undefined) {
      setAt(to);
    } else if (event.key === "Enter" && current !== undefined) {
      choose(current);
    } else if (isClosing) {
      close();
    } else {
      return;
    }
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside the palette closes it; Escape does so for the keyboard.
    <dialog
      ref={dialog}
      class="palette"
      aria-label={t("palette.title")}
      onClose={close}
      onClick={(event) => event.target === event.currentTarget && close()}
    >
      <div class="palette-field">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          aria-label={t("palette.title")}
          aria-expanded="true"
          aria-controls={LIST}
          aria-activedescendant={current === undefined ? undefined : `palette-${current.id}`}
          aria-autocomplete="list"
          placeholder={t("palette.placeholder")}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <div role="listbox" id={LIST} class="palette-list" aria-label={t("palette.results")} tabIndex={-1}>
        {groups.map((group) => (
          <Group key={group.id} group={group} current={current} onChoose={choose} />
        ))}
      </div>
      {all.length === 0 ? <p class="palette-nothing muted">{t("palette.nothing", { text })}</p> : null}
      <p class="hidden-visually" role="status">
        {t("palette.found", { count: all.length })}
      </p>
    </dialog>
  );
}
