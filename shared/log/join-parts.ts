/**
 * Puts together what is one line of etcd and stands on several: container runtimes cut lines at 16 KiB (CRI's tags P and F), jq prints
 * each field by itself. A part alone would be taken for what it is not. Pure, bounded.
 */
import { MAX_LINE_BYTES } from "./split-lines.ts";

export interface PartJoiner {
  /** The line that the given one completes, mostly itself; undefined: it is held as a part of one. */
  push(line: string): string | undefined;
  /** What is held, since no more comes: of one that was killed the last words may be a part. */
  end(): readonly string[];
}

/** Of a CRI line: all before the tag, the stream, the tag. */
const CRI = /^(\d{4}-\d\d-\d\dT[\d:.]{8,}(?:Z|[+-]\d\d:\d\d) (stdout|stderr) )([PF]) /;
const LETTER_T = 84;
const BRACE = 123;
/** jq's indented lines; etcd's longest object has a dozen fields. */
const INDENTED = /^[ \t]+\S/;

export function createPartJoiner(): PartJoiner {
  /** By stream: they may come between one another. */
  const held = new Map<string, string>();
  let object: string | undefined;

  function pushCri(line: string): string | undefined {
    const cri = CRI.exec(line);
    if (cri === null) {
      return line;
    }
    const [all, head = "", stream = "", tag] = cri;
    const before = held.get(stream);
    if (tag === "F" && before === undefined) {
      return line;
    }
    const content = line.slice(all.length);
    const joined = before === undefined ? `${head}F ${content}` : addTo(before, content);
    if (tag === "P") {
      held.set(stream, joined);
      return undefined;
    }
    held.delete(stream);
    return joined;
  }

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
      return line.charCodeAt(10) === LETTER_T ? pushCri(line) : line;
    },
    end: () => {
      const rest = [...held.values(), ...(object === undefined ? [] : [object])];
      held.clear();
      object = undefined;
      return rest;
    },
  };
}

/** What identifies a line is at its front: as of other lines, no more than that is kept. */
function addTo(before: string, content: string): string {
  return before.length >= MAX_LINE_BYTES ? before : before + content.slice(0, MAX_LINE_BYTES - before.length);
}
