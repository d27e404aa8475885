/** How much a document really holds: YAML's aliases let a short text stand for more than a machine can walk through. */

/** The values in data, each alias counted as what it stands for. Infinity for data that holds itself. */
export function countValues(data: unknown): number {
  return count(data, new Map());
}

/** Remembers each part, so that the count takes no longer than the text is long; Infinity while a part is being counted. */
function count(value: unknown, known: Map<object, number>): number {
  if (typeof value !== "object" || value === null) {
    return 1;
  }
  const before = known.get(value);
  if (before !== undefined) {
    return before;
  }
  known.set(value, Number.POSITIVE_INFINITY);
  const total = Object.values(value).reduce<number>((sum, part) => sum + count(part, known), 1);
  known.set(value, total);
  return total;
}
