/** The keyboard of the page: who listens to which key, the innermost first. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { isSingle, KeySequences, nameOfKey } from "@/core/keys";
import { preferences } from "@/state/preferences";

/** What a key does; false means that it was not for this one after all. */
export type KeyAction = (event: KeyboardEvent) => unknown;

/** Keys and what they do: `j`, `?`, `Escape`, `Ctrl+k`, `Shift+ArrowDown`, `g b`, `Space`. */
export type KeyBindings = Readonly<Record<string, KeyAction>>;

interface Scope {
  readonly name: string;
  readonly bindings: () => KeyBindings;
}

const scopes: Scope[] = [];
const sequences = new KeySequences();

const FIELDS = "input:not([type=checkbox],[type=radio],[type=button]),textarea,select,[contenteditable]";
const PRESSED_BY_SPACE = "button,summary,a,[role=button],[role=menuitem],[role=option],[role=tab],input";

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(FIELDS) !== null;
}

/** Whether a key belongs to what has the focus, or is a single one that somebody has switched off. */
function isTaken(name: string, event: KeyboardEvent): boolean {
  if (name === "Space" && event.target instanceof Element && event.target.closest(PRESSED_BY_SPACE) !== null) {
    return true;
  }
  return isSingle(name) && (isTyping(event.target) || !preferences.peek().singleKeys);
}

function actionsFor(name: string): KeyAction[] {
  return scopes.flatMap((scope) => scope.bindings()[name] ?? []).reverse();
}

function isBound(name: string, begins: boolean): boolean {
  return scopes.some((scope) => {
    const bindings = scope.bindings();
    return begins ? Object.keys(bindings).some((key) => key.startsWith(`${name} `)) : name in bindings;
  });
}

/** Whether a modal dialog is open: it has the keyboard to itself, and what is behind it must not hear of it. */
function isBehindDialog(): boolean {
  return document.querySelector("dialog:modal") !== null;
}

function onKeyDown(event: KeyboardEvent): void {
  const pressed = nameOfKey(event);
  if (event.defaultPrevented || event.isComposing || isTaken(pressed, event) || isBehindDialog()) {
    return;
  }
  const name = sequences.next(pressed, isBound, event.timeStamp);
  if (name !== undefined && actionsFor(name).some((action) => action(event) !== false)) {
    event.preventDefault();
  }
}

/** Listen to the keyboard. Once, at the start of the page. */
export function listenToKeys(): void {
  document.addEventListener("keydown", onKeyDown);
}

/**
 * Bind keys while the component is there, from the moment on that it is shown. Bindings of a later component come first, and those
 * of the frame last, whatever comes up first; an action that gives false leaves the key to the next. Nothing is heard while a modal dialog is open; single letters neither in a field, nor when they are switched off in the
 * preferences.
 */
export function useKeys(name: string, bindings: KeyBindings, isFrame = false): void {
  const latest = useRef(bindings);
  latest.current = bindings;
  useLayoutEffect(() => {
    const scope = { name, bindings: () => latest.current };
    scopes.splice(isFrame ? 0 : scopes.length, 0, scope);
    return () => {
      scopes.splice(scopes.indexOf(scope), 1);
    };
  }, [name, isFrame]);
}
