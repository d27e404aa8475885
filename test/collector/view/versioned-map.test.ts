import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VersionedMap } from "../../../collector/view/versioned-map.ts";

const changes = fc.array(fc.array(fc.tuple(fc.nat(80).map(String), fc.nat()), { maxLength: 30 }), {
  maxLength: 12,
});

describe("collector/view/versioned-map", () => {
  it("holds what a plain map holds, and no later change shows in an earlier one", () => {
    fc.assert(
      fc.property(changes, (steps) => {
        let map = new VersionedMap<number>();
        const plain = new Map<string, number>();
        const earlier: (readonly [VersionedMap<number>, ReadonlyMap<string, number>])[] = [];
        for (const entries of steps) {
          map = map.with(entries);
          entries.forEach(([key, value]) => plain.set(key, value));
          earlier.push([map, new Map(plain)]);
        }
        for (const [then, expected] of earlier) {
          expect(new Set(then.values())).toEqual(new Set(expected.values()));
          for (let i = 0; i <= 80; i += 1) {
            expect(then.get(String(i))).toBe(expected.get(String(i)));
            expect(then.has(String(i))).toBe(expected.has(String(i)));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("makes values of those before, as a plain map would", () => {
    fc.assert(
      fc.property(changes, (steps) => {
        let map = new VersionedMap<readonly number[]>();
        const plain = new Map<string, readonly number[]>();
        for (const items of steps) {
          const earlier = [...map.entries()];
          const next = map.change(
            items,
            ([key]) => key,
            (before = [], [, value]) => [...before, value],
          );
          items.forEach(([key, value]) => plain.set(key, [...(plain.get(key) ?? []), value]));
          expect([...map.entries()]).toEqual(earlier);
          map = next;
        }
        expect(new Map(map.entries())).toEqual(plain);
      }),
      { numRuns: 60 },
    );
  });

  it("keeps two versions apart that come of the same one", () => {
    const base = new VersionedMap([["a", 1]]);
    const [one, other] = [base.with([["b", 2]]), base.with([["c", 3]])];
    expect([...one.entries()]).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
    expect([...other.entries()]).toEqual([
      ["a", 1],
      ["c", 3],
    ]);
    expect([base.has("b"), one.has("c"), other.has("b")]).toEqual([false, false, false]);
  });
});
