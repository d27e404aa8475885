/**
 * What thousands of streams bring, each in a copy of its own, held once. Bounded: streams choose what they bring. When it is full it
 * begins anew; what was handed out stays as it is, only what is made later is another object.
 */

const MAX_NAMES = 50_000;

/** The one of a name; `create` makes it when it is first asked for. */
export function createInterned<T>(create: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>();

  function make(name: string): T {
    if (known.size >= MAX_NAMES) {
      known.clear();
    }
    const made = create(name);
    known.set(name, made);
    return made;
  }

  return (name) => known.get(name) ?? make(name);
}
