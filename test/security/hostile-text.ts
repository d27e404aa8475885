/** Words that have harmed somebody's database, shell, page, path or parser. */
export const HOSTILE: readonly string[] = [
  "'; DROP TABLE frame; --",
  '" OR "1"="1',
  "') UNION SELECT sql FROM sqlite_master --",
  "%' ESCAPE '\\",
  "../../../../etc/passwd",
  "..",
  "/etc/shadow\u0000.txt",
  "$(touch /tmp/x)`id`",
  "<script>alert(1)</script>",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "\u001b[2J\u0007\r\nHTTP/1.1 200 OK\r\n\r\n",
  "\u202egnp.exe",
  "{{cluster}}${7*7}%n%s",
  "\ud800 lone",
  "💥".repeat(50),
];

/** The same document with every string in it replaced, also in maps, by one of these, in turn. */
export function poison<T>(document: T, next: () => string): T {
  if (typeof document === "string") {
    return next() as T;
  }
  if (typeof document !== "object" || document === null || document instanceof Uint8Array) {
    return document;
  }
  if (Array.isArray(document)) {
    return document.map((one: unknown) => poison(one, next)) as T;
  }
  const copy = Object.create(Object.getPrototypeOf(document)) as Record<string, unknown>;
  for (const [name, value] of Object.entries(document)) {
    // what tells messages and their cases apart is ours, and no text of a node
    copy[name] = name.startsWith("$") || name === "case" ? value : poison(value, next);
  }
  return copy as T;
}

export function inTurn(words: readonly string[]): () => string {
  let at = 0;
  return () => words[at++ % words.length] ?? "";
}
