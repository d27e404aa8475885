/**
 * A map that is never changed, of which the next version costs a copy of an array and what changed: all versions share where each
 * key has its place, which only grows. What a node's frames say, a few of a hundred series a second, would otherwise be
 * hashed anew each time.
 */

/** What a reader of such a map, or of a plain one, needs. */
export interface Lookup<V> {
  get(key: string): V | undefined;
  has(key: string): boolean;
  values(): Iterable<V>;
}

export class VersionedMap<V> implements Lookup<V> {
  /** Shared by all versions; a key that another version brought has no value in this one. */
  readonly #places: Map<string, number>;
  readonly #values: readonly (V | undefined)[];

  /** Of entries whose values are never undefined, or the version of another map with these values, which are then its own. */
  constructor(
    entries: Iterable<readonly [string, V]> = [],
    places = new Map<string, number>(),
    values: (V | undefined)[] = [],
  ) {
    this.#places = places;
    this.#values = put(places, values, entries);
  }

  get(key: string): V | undefined {
    const place = this.#places.get(key);
    return place === undefined ? undefined : this.#values[place];
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  *values(): Iterable<V> {
    for (const value of this.#values) {
      if (value !== undefined) {
        yield value;
      }
    }
  }

  *entries(): Iterable<[string, V]> {
    for (const [key, place] of this.#places) {
      const value = this.#values[place];
      if (value !== undefined) {
        yield [key, value];
      }
    }
  }

  /** This map with what each of these makes of the value before; the later of two with one key sees what the first made. */
  change<T>(
    items: readonly T[],
    keyOf: (item: T) => string,
    next: (before: V | undefined, item: T) => V,
  ): VersionedMap<V> {
    const places = this.#places;
    const values = this.#values.slice();
    for (const item of items) {
      const key = keyOf(item);
      const place = places.get(key) ?? claim(places, key);
      const before = values[place];
      fill(values, place);
      values[place] = next(before, item);
    }
    return new VersionedMap([], places, values);
  }

  /** This map and these entries over it; values are never undefined. */
  with(entries: readonly (readonly [string, V])[]): VersionedMap<V> {
    return new VersionedMap(entries, this.#places, this.#values.slice());
  }
}

function put<V>(
  places: Map<string, number>,
  values: (V | undefined)[],
  entries: Iterable<readonly [string, V]>,
): (V | undefined)[] {
  for (const [key, value] of entries) {
    const place = places.get(key) ?? claim(places, key);
    fill(values, place);
    values[place] = value;
  }
  return values;
}

function claim(places: Map<string, number>, key: string): number {
  const place = places.size;
  places.set(key, place);
  return place;
}

/** Without holes, which cost each reader. */
function fill(values: unknown[], place: number): void {
  while (values.length < place) {
    values.push(undefined);
  }
}
