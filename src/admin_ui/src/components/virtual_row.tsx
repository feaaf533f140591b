// biome-ignore-all lint/a11y/useSemanticElements: a table has to have all of its rows in the document, and these have not.
/** One row of a long list. */
import type { TargetedKeyboardEvent, TargetedMouseEvent } from "preact";
import type { Column } from "@/components/virtual_rows";

interface Props<T> {
  readonly entry: T;
  readonly columns: readonly Column<T>[];
  /** Place in the list, from 0. */
  readonly index: number;
  /** Pixels from the top of the list. */
  readonly offset: number;
  readonly tabbable: boolean;
  readonly isOpen: boolean;
  readonly onOpen: ((entry: T) => void) | undefined;
  readonly onFocus: () => void;
  /** Somebody may go elsewhere from here. */
  readonly onLeave: () => void;
}

const CONTROLS = "a, button, input, label, select, [popover]";

/** One row of a `VirtualRows`. A click beside its links and buttons opens it, and so does Enter. */
export function Row<T>({ entry, columns, index, offset, tabbable, isOpen, onOpen, onFocus, onLeave }: Props<T>) {
  const onClick = (event: TargetedMouseEvent<HTMLDivElement>) => {
    onLeave();
    if (onOpen !== undefined && !isControl(event.target) && getSelection()?.isCollapsed !== false) {
      onOpen(entry);
    }
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLDivElement>) => {
    if (onOpen !== undefined && event.key === "Enter" && event.target === event.currentTarget) {
      event.preventDefault();
      onLeave();
      onOpen(entry);
    }
  };
  return (
    <div
      class={`vrows-row${onOpen === undefined ? "" : " vrows-opens"}${isOpen ? " vrows-is-open" : ""}`}
      role="row"
      aria-rowindex={index + 2}
      tabIndex={tabbable ? 0 : -1}
      style={{ transform: `translateY(${offset}px)` }}
      onClick={onClick}
      onKeyDown={onKeyDown}
      onFocus={onFocus}
    >
      {columns.map((column) => (
        // biome-ignore lint/a11y/useFocusableInteractive: the row is what has the focus.
        <div
          key={column.name}
          class={`vrows-cell vrows-${column.name}${column.numeric ? " vrows-numeric" : ""}`}
          role="gridcell"
          data-title={column.title}
        >
          {column.cell(entry)}
        </div>
      ))}
    </div>
  );
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(CONTROLS) !== null;
}
