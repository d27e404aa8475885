/**
 * Puts together what is one line of etcd and stands on several: container runtimes cut lines (join-partial-lines.ts), jq prints each
 * field by itself. A part alone would be taken for what it is not. Pure, bounded.
 */
import { createPartialLines } from "./join-partial-lines.ts";
import { MAX_LINE_BYTES } from "./split-lines.ts";

export interface PartJoiner {
  /** The line that the given one completes, mostly itself; undefined: it is held as a part of one. */
  push(line: string): string | undefined;
  /** What is held, since no more comes: of one that was killed the last words may be a part. */
  end(): readonly string[];
}

const BRACE = 123;
/** jq's indented lines; etcd's longest object has a dozen fields. */
const INDENTED = /^[ \t]+\S/;

export function createPartJoiner(): PartJoiner {
  const partial = createPartialLines();
  let object: string | undefined;

  /** undefined also where the object is given up: its fields alone say nothing. */
  function pushObject(line: string): string | undefined {
    const before = object ?? "";
    if (line.startsWith("}")) {
      object = undefined;
      return `${before}}`;
    }
    object = addTo(before, line.trim());
    return undefined;
  }

  return {
    push: (line) => {
      if (object !== undefined) {
        if (INDENTED.test(line) || line.startsWith("}")) {
          return pushObject(line);
        }
        object = undefined;
      }
      if (line.length === 1 && line.charCodeAt(0) === BRACE) {
        object = line;
        return undefined;
      }
      return partial.join(line);
    },
    end: () => {
      const rest = [...partial.end(), ...(object === undefined ? [] : [object])];
      object = undefined;
      return rest;
    },
  };
}

/** What identifies a line is at its front: as of other lines, no more than that is kept. */
function addTo(before: string, content: string): string {
  return before.length >= MAX_LINE_BYTES ? before : before + content.slice(0, MAX_LINE_BYTES - before.length);
}
