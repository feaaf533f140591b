/** How many rows would be elsewhere if an order that is shown became another. */

/** How many of the numbers are in the longest series of them that goes up. Cost: O(n log n), O(n) if nearly all go up. */
function longestRise(numbers: Int32Array, length: number): number {
  const ends = new Int32Array(length);
  let rise = 0;
  for (let place = 0; place < length; place++) {
    const number = numbers[place] ?? 0;
    let low = 0;
    let high = rise;
    if (rise > 0 && (ends[rise - 1] ?? 0) < number) {
      low = rise;
    }
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) < number) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    ends[low] = number;
    rise = Math.max(rise, low + 1);
  }
  return rise;
}

/**
 * The least number of rows that come, go or change places between two orders.
 *
 * @param top more than any slot in them.
 */
export function movedBetween(shown: Uint32Array, live: Uint32Array, top: number): number {
  const places = new Int32Array(top).fill(-1);
  for (let place = 0; place < live.length; place++) {
    places[live[place] ?? 0] = place;
  }
  const kept = new Int32Array(shown.length);
  let length = 0;
  for (const slot of shown) {
    const place = places[slot] ?? -1;
    if (place >= 0) {
      kept[length++] = place;
    }
  }
  return shown.length + live.length - length - longestRise(kept, length);
}
