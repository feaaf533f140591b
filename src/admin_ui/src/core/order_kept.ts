/**
 * The entries in the order in which they were shown before: those that have come since are at the end, those that have gone are
 * left out. For lists that must not move under somebody's pointer. Cost: one look at each entry.
 */
export function inOrderOf<T>(entries: readonly T[], before: readonly string[], keyOf: (entry: T) => string): T[] {
  const byKey = new Map(entries.map((entry) => [keyOf(entry), entry]));
  const kept: T[] = [];
  for (const key of before) {
    const entry = byKey.get(key);
    if (entry !== undefined) {
      kept.push(entry);
      byKey.delete(key);
    }
  }
  return [...kept, ...byKey.values()];
}
