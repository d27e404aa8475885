/** How far etcd's log has been read, as it is kept over a restart of the agent: text ↔ place. Pure. */
import type { LogPlace } from "../host/read-log-part.ts";

export type LogPosition =
  | { readonly kind: "file"; readonly path: string; readonly place: LogPlace }
  | { readonly kind: "journal"; readonly match: string; readonly cursor: string };

export const LOG_POSITION_FILE = "log-position.json";

export function formatLogPosition(position: LogPosition): string {
  return JSON.stringify(position);
}

/** undefined: torn by a crash of the machine, or of another version. It is then as at the first start ever. */
export function parseLogPosition(text: string): LogPosition | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const fields = (value ?? {}) as Readonly<Record<string, unknown>>;
  const { kind, path, place, cursor } = fields;
  // as former versions called it
  const match = fields["match"] ?? fields["unit"];
  const { inode, offset, mark } = (place ?? {}) as Readonly<Record<string, unknown>>;
  if (
    kind === "file" &&
    typeof path === "string" &&
    typeof inode === "number" &&
    typeof offset === "number"
  ) {
    return { kind, path, place: { inode, offset, ...parseMark(mark) } };
  }
  return kind === "journal" && typeof match === "string" && typeof cursor === "string"
    ? { kind, match, cursor }
    : undefined;
}

function parseMark(value: unknown): Pick<LogPlace, "mark"> {
  const { bytes, hash } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return typeof bytes === "number" && bytes >= 0 && typeof hash === "string" ? { mark: { bytes, hash } } : {};
}
