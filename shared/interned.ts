/**
 * Text that thousands of streams bring, each in a copy of its own, held once. Bounded: streams choose what they bring. When it is full it
 * begins anew; what was handed out stays as it is, only a later copy of it is another object.
 */

const MAX_TEXTS = 50_000;

export interface Interned<T> {
  /** The one of this name; `create` makes the first. */
  get(name: string, create: () => T): T;
}

export function createInterned<T>(): Interned<T> {
  const known = new Map<string, T>();
  return {
    get: (name, create) => {
      const before = known.get(name);
      if (before !== undefined) {
        return before;
      }
      if (known.size >= MAX_TEXTS) {
        known.clear();
      }
      const created = create();
      known.set(name, created);
      return created;
    },
  };
}
