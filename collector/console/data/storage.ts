/** The browser's two stores, which a private window may refuse: then a choice holds until the page is left. */
const kept = new Map<string, string>();

export type StoreKind = "session" | "local";

export function readStored(kind: StoreKind, key: string): string | undefined {
  try {
    return store(kind).getItem(key) ?? undefined;
  } catch {
    return kept.get(key);
  }
}

/** undefined removes it. */
export function writeStored(kind: StoreKind, key: string, value: string | undefined): void {
  try {
    if (value === undefined) {
      store(kind).removeItem(key);
    } else {
      store(kind).setItem(key, value);
    }
  } catch {
    kept.set(key, value ?? "");
  }
}

function store(kind: StoreKind): Storage {
  return kind === "session" ? sessionStorage : localStorage;
}
