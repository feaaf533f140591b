// biome-ignore-all lint/a11y/useSemanticElements: a table has to have all of its rows in the document, and these have not.
/** A list of any length in which only what is seen is in the document: of nodes, of models, of a node's backends. */
import type { ComponentChildren, TargetedKeyboardEvent } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Row } from "@/components/virtual_row";
import { inOrderOf } from "@/core/order_kept";
import { rowsPerPage, rowWindow, scrollToShow, type View } from "@/core/window";
import { useKeys } from "@/state/keys";
import { arrival, keep, kept } from "@/state/place";
import { preferences } from "@/state/preferences";
import "@/components/virtual_rows.css";

/** One column of a list. */
export interface Column<T> {
  readonly name: string;
  readonly title: string;
  /** What the column is about, if the title does not say. */
  readonly hint?: string;
  readonly sortable?: boolean;
  readonly numeric?: boolean;
  /** The title is not shown: what is in the column speaks for itself. */
  readonly untitled?: boolean;
  readonly cell: (entry: T) => ComponentChildren;
}

/** What a list is sorted by. */
export interface Sorted {
  readonly name: string;
  readonly descending: boolean;
}

interface Props<T> {
  readonly label: string;
  /** Class that gives the columns their widths. */
  readonly layout: string;
  readonly columns: readonly Column<T>[];
  readonly entries: readonly T[];
  readonly keyOf: (entry: T) => string;
  /** Stands for the question that the entries answer: while it stays, they do not change places under the pointer. */
  readonly question: string;
  readonly sorted?: Sorted;
  readonly onSort?: (name: string) => void;
  readonly onOpen?: (entry: T) => void;
  /** What `x` does with the row that has the focus. */
  readonly onMark?: ((entry: T) => void) | undefined;
  /** Key of the entry that is open beside the list. */
  readonly open?: string | undefined;
}

/** What is seen of the list, and how high a row is: that follows from the style sheet, by density and room. */
interface Look extends View {
  readonly row: number;
}

const LEFT_AT = "row";
const START: Look = { scrollTop: 0, height: 900, row: 32 };

/**
 * A list of any length of which only the visible rows are in the document: a grid, and below 800 px of room one card a row.
 *
 * j, k, the arrows, Home, End and the page keys move through it, Enter opens. While the pointer or the focus is in it, its order
 * stays as it is, and only values change.
 */
export function VirtualRows<T>(props: Props<T>) {
  const scroller = useRef<HTMLDivElement>(null);
  const look = useLook(scroller, props.entries.length);
  const still = useStill<T>(props);
  const [active, setActive] = useState(leftAt);
  const place = Math.max(
    still.entries.findIndex((entry) => props.keyOf(entry) === active),
    0,
  );
  const move = (to: number) => {
    const next = Math.min(Math.max(to, 0), still.entries.length - 1);
    const entry = still.entries[next];
    if (entry !== undefined) {
      setActive(props.keyOf(entry));
      bring(scroller.current, look, next);
    }
  };
  const isBack = useRef(active !== "");
  useEffect(() => {
    if (isBack.current && look !== START && still.entries.length > 0) {
      isBack.current = false;
      bring(scroller.current, look, place);
    }
  }, [look, place, still.entries.length]);
  const step = rowsPerPage(look, look.row);
  const moves: Readonly<Record<string, number>> = {
    ArrowDown: place + 1,
    ArrowUp: place - 1,
    PageDown: place + step,
    PageUp: place - step,
    Home: 0,
    End: still.entries.length - 1,
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLDivElement>) => {
    const to = moves[event.key];
    if (to !== undefined && !event.altKey && !event.ctrlKey && !event.metaKey && !isField(event.target)) {
      event.preventDefault();
      move(to);
    }
  };
  useKeys("rows", {
    j: () => move(active === "" ? 0 : place + 1),
    k: () => move(place - 1),
    x: () => mark(props.onMark, still.entries[place]),
  });
  return (
    <div class={`vrows ${props.layout}`} ref={scroller}>
      <div
        role="grid"
        aria-label={props.label}
        aria-rowcount={props.entries.length + 1}
        aria-colcount={props.columns.length}
        onKeyDown={onKeyDown}
        {...still.handlers}
      >
        <Head {...props} />
        <div class="vrows-body" role="rowgroup" style={{ blockSize: `${still.entries.length * look.row}px` }}>
          {visible(look, still.entries.length, place).map((index) => {
            const entry = still.entries[index];
            return (
              entry !== undefined && (
                <Row
                  key={props.keyOf(entry)}
                  entry={entry}
                  columns={props.columns}
                  index={index}
                  offset={index * look.row}
                  tabbable={index === place}
                  isOpen={props.keyOf(entry) === props.open}
                  onOpen={props.onOpen}
                  onFocus={() => setActive(props.keyOf(entry))}
                  onLeave={() => keep(LEFT_AT, props.keyOf(entry))}
                />
              )
            );
          })}
        </div>
      </div>
    </div>
  );
}

function Head<T>({ columns, sorted, onSort }: Props<T>) {
  return (
    <div class="vrows-head" role="rowgroup">
      {/* biome-ignore lint/a11y/useFocusableInteractive: the buttons in it are what has the focus. */}
      <div class="vrows-row" role="row" aria-rowindex={1}>
        {columns.map((column) => (
          <HeadCell key={column.name} column={column} sorted={sorted} onSort={onSort} />
        ))}
      </div>
    </div>
  );
}

interface HeadCellProps<T> {
  readonly column: Column<T>;
  readonly sorted: Sorted | undefined;
  readonly onSort: ((name: string) => void) | undefined;
}

function HeadCell<T>({ column, sorted, onSort }: HeadCellProps<T>) {
  const isSorted = sorted?.name === column.name;
  const direction = isSorted ? (sorted.descending ? "descending" : "ascending") : "none";
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the button in it is what has the focus.
    <div
      class={`vrows-cell vrows-${column.name}${column.numeric ? " vrows-numeric" : ""}`}
      role="columnheader"
      aria-sort={column.sortable ? direction : undefined}
      title={column.hint}
    >
      {column.sortable && onSort !== undefined ? (
        <button type="button" class="vrows-sort" onClick={() => onSort(column.name)}>
          {column.title}
          <span aria-hidden="true">{isSorted ? (sorted.descending ? "↓" : "↑") : ""}</span>
        </button>
      ) : (
        <span class={column.untitled ? "hidden-visually" : ""}>{column.title}</span>
      )}
    </div>
  );
}

/** Which rows are in the document: those that can be seen, some around them, and the one that has the focus. */
function visible(look: Look, count: number, place: number): number[] {
  const { first, end } = rowWindow(look, count, look.row);
  const indices = Array.from({ length: end - first }, (_, index) => first + index);
  return place < count && (place < first || place >= end) ? [...indices, place] : indices;
}

function useLook(scroller: { readonly current: HTMLDivElement | null }, count: number): Look {
  const [look, setLook] = useState(START);
  const density = preferences.value.density;
  const isEmpty = count === 0;
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null || isEmpty || density === undefined) {
      return;
    }
    const measure = () => {
      const row = element.querySelector<HTMLElement>(".vrows-body > .vrows-row")?.offsetHeight ?? START.row;
      const head = element.querySelector<HTMLElement>(".vrows-head")?.offsetHeight ?? 0;
      setLook({ scrollTop: element.scrollTop, height: element.clientHeight - head, row: Math.max(row, 1) });
    };
    measure();
    const sizes = new ResizeObserver(measure);
    sizes.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    return () => {
      sizes.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, [scroller, density, isEmpty]);
  return look;
}

/** The entries, which stay in their order while the pointer or the focus is among them and the question is the same. */
function useStill<T>({ entries, keyOf, question }: Props<T>) {
  const [held, setHeld] = useState({ pointer: false, focus: false });
  const before = useRef<{ question: string; keys: readonly string[] }>({ question, keys: [] });
  const isHeld = (held.pointer || held.focus) && before.current.question === question;
  const shown = isHeld ? inOrderOf(entries, before.current.keys, keyOf) : entries;
  useEffect(() => {
    before.current = { question, keys: shown.map(keyOf) };
  });
  const handlers = {
    onPointerEnter: () => setHeld((now) => ({ ...now, pointer: true })),
    onPointerLeave: () => setHeld((now) => ({ ...now, pointer: false })),
    onFocusIn: () => setHeld((now) => ({ ...now, focus: true })),
    onFocusOut: () => setHeld((now) => ({ ...now, focus: false })),
  };
  return { entries: shown, handlers };
}

/** Scroll a row into view, and give it the focus once it is in the document. */
function bring(scroller: HTMLDivElement | null, look: Look, index: number): void {
  if (scroller !== null) {
    scroller.scrollTop = scrollToShow({ ...look, scrollTop: scroller.scrollTop }, index, look.row);
    requestAnimationFrame(() => {
      scroller.querySelector<HTMLElement>(`[aria-rowindex="${index + 2}"]`)?.focus({ preventScroll: true });
    });
  }
}

/** Key of the row from which somebody has gone elsewhere, when the way back leads here. */
function leftAt(): string {
  const key = arrival.peek() === "back" ? kept(LEFT_AT) : undefined;
  return typeof key === "string" ? key : "";
}

function mark<T>(onMark: ((entry: T) => void) | undefined, entry: T | undefined): boolean {
  if (onMark === undefined || entry === undefined) {
    return false;
  }
  onMark(entry);
  return true;
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && target.type !== "checkbox");
}
