/** How wide each column is in the room that there is, and which step back when there is too little. */

import { ALWAYS, type ColumnChoice, type ColumnId, SHAPES } from "@/pages/backends/columns";

/** A column that is shown, with its width in pixels. */
export interface PlacedColumn {
  readonly id: ColumnId;
  readonly width: number;
}

/** Width of the column with the checkboxes, in pixels. */
export const SELECT_WIDTH = 36;

/** Below this width of the list, in pixels, rows are cards. */
export const CARDS_BELOW = 560;

interface Room {
  readonly id: ColumnId;
  width: number;
  readonly usual: number;
  readonly grow: number;
}

/**
 * The columns that fit, in the order of the choice.
 *
 * Those of the lowest rank step back first; name, status, why and since never do. What room is left goes to each column up to
 * its usual width, then to those that grow. A width that the reader has set is kept.
 */
export function placed(columns: readonly ColumnChoice[], width: number): PlacedColumn[] {
  const rooms = withoutTooMany(columns, width);
  let left = width - total(rooms);
  left = spread(rooms, left, (room) => room.usual - room.width);
  const weight = rooms.reduce((sum, room) => sum + room.grow, 0);
  const last = rooms.at(-1);
  if (left > 0 && weight > 0) {
    for (const room of rooms) {
      room.width += (left * room.grow) / weight;
    }
  } else if (left > 0 && last !== undefined) {
    last.width += left;
  }
  return rooms.map((room) => ({ id: room.id, width: Math.floor(room.width) }));
}

/** The columns that step back in this width. */
export function steppedBack(columns: readonly ColumnChoice[], width: number): ColumnId[] {
  const shown = new Set(withoutTooMany(columns, width).map((room) => room.id));
  return columns.map((column) => column.id).filter((id) => !shown.has(id));
}

function withoutTooMany(columns: readonly ColumnChoice[], width: number): Room[] {
  const rooms = columns.map(roomOf);
  while (total(rooms) > width) {
    let weakest = -1;
    let rank = ALWAYS;
    rooms.forEach((room, at) => {
      if (SHAPES[room.id].rank < rank) {
        rank = SHAPES[room.id].rank;
        weakest = at;
      }
    });
    if (weakest < 0) {
      break;
    }
    rooms.splice(weakest, 1);
  }
  return rooms;
}

function roomOf({ id, width }: ColumnChoice): Room {
  const shape = SHAPES[id];
  return width === undefined
    ? { id, width: shape.least, usual: shape.usual, grow: shape.grow }
    : { id, width, usual: width, grow: 0 };
}

function total(rooms: readonly Room[]): number {
  return rooms.reduce((sum, room) => sum + room.width, 0);
}

/** Give each what it lacks, or its share of what there is; what is left over. */
function spread(rooms: readonly Room[], left: number, lacks: (room: Room) => number): number {
  const wanted = rooms.reduce((sum, room) => sum + lacks(room), 0);
  if (left <= 0 || wanted <= 0) {
    return left;
  }
  const share = Math.min(1, left / wanted);
  for (const room of rooms) {
    room.width += lacks(room) * share;
  }
  return left - wanted * share;
}
