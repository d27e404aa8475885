/** YAML text to plain data, with the line of every key: problems can then say where they are. */
import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, type Node } from "yaml";
import type { ConfigProblem, KeyPath } from "./config-problem.ts";
import { countValues } from "./count-values.ts";

export interface YamlDocument {
  /** Mappings, lists and scalars; keys without a value are absent. */
  readonly data: unknown;
  /** Line of the key or list entry, or of the nearest place above that exists; from 1. */
  lineOf(path: KeyPath): number;
  readonly problems: readonly ConfigProblem[];
}

/** Longer texts are refused: no configuration of ours comes near, and every later step is linear in it. */
export const MAX_CONFIG_BYTES = 64 * 1024;

const MAX_ALIASES = 50;
/** More than a text of that length can hold without aliases. */
const MAX_VALUES = MAX_CONFIG_BYTES;

/** Parses one YAML 1.2 document. Duplicate keys, unknown tags and several documents are problems. */
export function parseYamlDocument(text: string): YamlDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const problems = [...document.errors, ...document.warnings].map((error) => ({
    path: [],
    line: lines.linePos(error.pos[0]).line,
    message: `not valid YAML: ${firstLine(error.message)}`,
  }));
  let data: unknown;
  if (problems.length === 0) {
    try {
      const written: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
      if (countValues(written) > MAX_VALUES) {
        throw new Error(`more than ${MAX_VALUES} values stand behind its aliases`);
      }
      data = withoutNulls(written);
    } catch (caught) {
      problems.push({ path: [], line: 1, message: `not valid YAML: ${firstLine(String(caught))}` });
    }
  }
  return { data, lineOf: (path) => lines.linePos(offsetOf(document.contents, path)).line, problems };
}

function offsetOf(root: Node | null, path: KeyPath): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step),
      );
      if (pair === undefined) {
        return offset;
      }
      offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

/** A key with nothing behind it ("etcd:") is a section left empty, which is the same as a section left out. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(withoutNulls);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, entry]) => entry !== null)
      .map(([key, entry]) => [key, withoutNulls(entry)]),
  );
}

function firstLine(text: string): string {
  const line = (text.split("\n")[0] ?? "").replace(/^\w*Error: /, "");
  return line.startsWith("Maximum call stack") ? "nested too deeply" : line;
}
