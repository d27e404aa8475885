/**
 * Which sequence numbers somebody has: a few ranges, because frames come in order but for what is filled in later. Both
 * sides keep such sets, so that a frame is sent again only where it is missing and kept only once.
 */

/** Every number from first to last. */
export interface SequenceRange {
  readonly first: bigint;
  readonly last: bigint;
}

export interface SequenceSet {
  add(first: bigint, last?: bigint): void;
  has(sequence: bigint): boolean;
  /** Whether every number from first to last is in it. */
  covers(first: bigint, last: bigint): boolean;
  /** How many of the numbers from first to last are in it. */
  countWithin(first: bigint, last: bigint): bigint;
  /** Forgets everything up to and including this number. */
  removeUpTo(sequence: bigint): void;
  /** The last number of the range that begins at 1; 0n without one. */
  prefixEnd(): bigint;
  /** Ascending and apart. */
  ranges(): readonly SequenceRange[];
}

export function createSequenceSet(initial: readonly SequenceRange[] = []): SequenceSet {
  let ranges: SequenceRange[] = [];

  function add(first: bigint, last: bigint = first): void {
    const newest = ranges.at(-1);
    if (last < first) {
      return;
    }
    // what comes in order, which is nearly everything
    if (newest === undefined || first > newest.last + 1n) {
      ranges.push({ first, last });
    } else if (first >= newest.first) {
      if (last > newest.last) {
        ranges[ranges.length - 1] = { first: newest.first, last };
      }
    } else {
      merge({ first, last });
    }
  }

  function merge(added: SequenceRange): void {
    const before = ranges.filter((one) => one.last + 1n < added.first);
    const after = ranges.filter((one) => one.first > added.last + 1n);
    const touched = ranges.slice(before.length, ranges.length - after.length);
    const first = touched[0]?.first ?? added.first;
    const last = touched.at(-1)?.last ?? added.last;
    ranges = [
      ...before,
      { first: first < added.first ? first : added.first, last: last > added.last ? last : added.last },
      ...after,
    ];
  }

  function find(sequence: bigint): SequenceRange | undefined {
    for (let i = ranges.length - 1; i >= 0; i -= 1) {
      const range = ranges[i];
      if (range !== undefined && range.first <= sequence) {
        return range.last >= sequence ? range : undefined;
      }
    }
    return undefined;
  }

  function countWithin(first: bigint, last: bigint): bigint {
    return ranges.reduce((sum, range) => {
      const from = range.first > first ? range.first : first;
      const to = range.last < last ? range.last : last;
      return to < from ? sum : sum + to - from + 1n;
    }, 0n);
  }

  function removeUpTo(sequence: bigint): void {
    ranges = ranges.flatMap((range) => {
      if (range.last <= sequence) {
        return [];
      }
      return range.first > sequence ? [range] : [{ first: sequence + 1n, last: range.last }];
    });
  }

  for (const { first, last } of initial) {
    add(first, last);
  }
  return {
    add,
    has: (sequence) => find(sequence) !== undefined,
    covers: (first, last) => (find(first)?.last ?? -1n) >= last,
    countWithin,
    removeUpTo,
    prefixEnd: () => (ranges[0]?.first === 1n ? ranges[0].last : 0n),
    ranges: () => ranges,
  };
}
