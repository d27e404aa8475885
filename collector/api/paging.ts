/** Lists in pages: the cursor names the last entry given, so entries that come or go meanwhile shift nothing. */
import { badRequest } from "./problem.ts";

export const DEFAULT_PAGE_SIZE = 500;
export const MAX_PAGE_SIZE = 1000;

export interface PageRequest<T> {
  /** Orders the list and names an entry in it; compared as text. */
  readonly keyOf: (entry: T) => string;
  readonly limit: number;
  readonly cursor: string | undefined;
}

export interface Page<T> {
  readonly entries: readonly T[];
  /** null: this is the last page. */
  readonly nextCursor: string | null;
}

/** The page after the cursor, ordered by key. */
export function takePage<T>(list: readonly T[], request: PageRequest<T>): Page<T> {
  const after = request.cursor === undefined ? undefined : parseCursor(request.cursor);
  const keyed = list
    .map((entry) => ({ entry, key: request.keyOf(entry) }))
    .filter(({ key }) => after === undefined || key > after)
    .sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0));
  const taken = keyed.slice(0, request.limit);
  const last = taken.at(-1);
  return {
    entries: taken.map(({ entry }) => entry),
    nextCursor: last === undefined || keyed.length <= taken.length ? null : formatCursor(last.key),
  };
}

function formatCursor(key: string): string {
  return Buffer.from(`1${key}`).toString("base64url");
}

function parseCursor(cursor: string): string {
  const text = Buffer.from(cursor, "base64url").toString();
  if (!text.startsWith("1") || formatCursor(text.slice(1)) !== cursor) {
    throw badRequest("cursor", "expected the nextCursor of an earlier answer");
  }
  return text.slice(1);
}
