/**
 * A number for each of a node's keys, dense, from 0: an open-addressing table. A Map of the same takes four times as much, and a
 * collector has two of these for each of thousands of nodes. It only grows, so all versions of what has its places here share it.
 */
import { traitsOf } from "./key-traits.ts";

/** A power of two; at most three quarters are in use. */
const FIRST_SLOTS = 16;
/** As many as a slot can name. */
export const MAX_PLACES = 65_535;

export interface KeyPlaces {
  size(): number;
  keyOf(place: number): string | undefined;
  /** undefined: not one of these. */
  find(key: string): number | undefined;
  /** Its number, new where it was none of these. */
  claim(key: string): number;
}

export function createKeyPlaces(): KeyPlaces {
  const keys: string[] = [];
  /** One more than the place; 0: free. */
  let slots = new Uint16Array(FIRST_SLOTS);

  /** Where the key is, or the free slot where it would be. */
  function probe(key: string): number {
    const mask = slots.length - 1;
    let at = traitsOf(key).hash & mask;
    for (let place = slots[at] ?? 0; place !== 0 && keys[place - 1] !== key; place = slots[at] ?? 0) {
      at = (at + 1) & mask;
    }
    return at;
  }

  function grow(): void {
    slots = new Uint16Array(2 * slots.length);
    keys.forEach((key, place) => {
      slots[probe(key)] = place + 1;
    });
  }

  return {
    size: () => keys.length,
    keyOf: (place) => keys[place],
    find: (key) => {
      const place = (slots[probe(key)] ?? 0) - 1;
      return place < 0 ? undefined : place;
    },
    claim: (key) => {
      const known = (slots[probe(key)] ?? 0) - 1;
      if (known >= 0) {
        return known;
      }
      if (keys.length >= MAX_PLACES) {
        throw new RangeError(`Expected at most ${MAX_PLACES} keys of a node`);
      }
      if (4 * (keys.length + 1) > 3 * slots.length) {
        grow();
      }
      keys.push(key);
      slots[probe(key)] = keys.length;
      return keys.length - 1;
    },
  };
}
