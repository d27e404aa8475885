import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSequenceSet } from "../../shared/sequence-set.ts";

const span = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 12 }))
  .map(([first, more]) => ({ first: BigInt(first), last: BigInt(first + more) }));

describe("shared/sequence-set", () => {
  it("joins what touches, whatever the order in which it comes", () => {
    const set = createSequenceSet();
    set.add(5n);
    set.add(6n);
    set.add(1n, 2n);
    set.add(9n);
    expect(set.ranges()).toEqual([
      { first: 1n, last: 2n },
      { first: 5n, last: 6n },
      { first: 9n, last: 9n },
    ]);
    expect(set.prefixEnd()).toBe(2n);
    set.add(3n, 8n);
    expect(set.ranges()).toEqual([{ first: 1n, last: 9n }]);
  });

  it("has no beginning when 1 is missing", () => {
    expect(createSequenceSet([{ first: 2n, last: 9n }]).prefixEnd()).toBe(0n);
    expect(createSequenceSet().prefixEnd()).toBe(0n);
  });

  it("agrees with a plain set of numbers", () => {
    const asked = fc.tuple(span, fc.integer({ min: 0, max: 80 }));
    fc.assert(
      fc.property(fc.array(span, { maxLength: 25 }), asked, (spans, [about, upTo]) => {
        const set = createSequenceSet(spans);
        const plain = new Set<bigint>();
        for (const { first, last } of spans) {
          for (let one = first; one <= last; one += 1n) {
            plain.add(one);
          }
        }
        const inside = [...plain].filter((one) => one >= about.first && one <= about.last).length;
        expect(Number(set.countWithin(about.first, about.last))).toBe(inside);
        expect(set.covers(about.first, about.last)).toBe(inside === Number(about.last - about.first) + 1);
        expect(
          set.ranges().every((one, i, all) => i === 0 || one.first > (all[i - 1]?.last ?? 0n) + 1n),
        ).toBe(true);
        set.removeUpTo(BigInt(upTo));
        for (let one = 1n; one <= 90n; one += 1n) {
          expect(set.has(one)).toBe(plain.has(one) && one > BigInt(upTo));
        }
      }),
    );
  });
});
