/** The word that somebody probably meant: for misspelt keys, options, commands and names. */

/**
 * The candidate with the fewest edits (insert, delete, replace, swap of neighbours), when those are few for the
 * word's length; case does not count. undefined when none is near.
 */
export function findNearest(word: string, candidates: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let fewest = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = countEdits(normalise(word), normalise(candidate));
    // A short word is not near to one that shares nothing with it.
    if (edits < fewest && edits < Math.max(word.length, candidate.length)) {
      fewest = edits;
      nearest = candidate;
    }
  }
  return nearest;
}

/** maxBytes, max_bytes and max-bytes are the same slip of the hand. */
function normalise(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, "");
}

function countEdits(left: string, right: string): number {
  let beforePrevious: readonly number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let edits = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (
        row > 1 &&
        column > 1 &&
        left[row - 1] === right[column - 2] &&
        left[row - 2] === right[column - 1]
      ) {
        edits = Math.min(edits, (beforePrevious[column - 2] ?? 0) + 1);
      }
      current.push(edits);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[right.length] ?? 0;
}
