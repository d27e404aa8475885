/** Groups of voters for every shape of broken links. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { builtTolerance, findGroups, neededFor } from "../../../collector/diagnosis/majority.ts";
import type { LinkState, LinkView } from "../../../collector/view/cluster-view.ts";

function link(from: string, to: string, state: LinkState): LinkView {
  return { from, to, state, port: "peer" } as LinkView;
}

/** "a-b" both ways down, "a>b" one way, "a?b" unknown both ways. */
function f(names: string, links: string, want: string): void {
  it(`parts ${names} with ${links || "every link up"} into ${want}`, () => {
    const views = links.split(" ").flatMap((text) => {
      const [from = "", sign = "", to = ""] = [text[0], text[1], text[2]];
      const state = sign === "?" ? "unknown" : "down";
      return sign === ">" ? [link(from, to, state)] : [link(from, to, state), link(to, from, state)];
    });
    const groups = findGroups(names.split(""), views).map((group) => group.join(""));
    expect(groups.join(" ")).toBe(want);
  });
}

describe("collector/diagnosis/majority", () => {
  f("abc", "", "abc");
  f("abc", "a-c b-c", "ab c");
  f("abc", "a>c", "ab bc");
  f("abc", "a?b a?c b?c", "abc");
  f("abc", "a-b b-c a-c", "a b c");
  f("abcd", "a-c a-d b-c b-d", "ab cd");
  f("abcde", "a-c a-d a-e b-c b-d b-e", "cde ab");
  f("abcde", "a-b", "acde bcde");
  f("a", "", "a");
  f("", "", "");

  it("ignores the client port", () => {
    expect(findGroups(["a", "b"], [{ ...link("a", "b", "down"), port: "client" }])).toEqual([["a", "b"]]);
  });

  it("needs more than half, and stands what is left", () => {
    const table = [1, 2, 3, 4, 5, 6, 7].map((voters) => [voters, neededFor(voters), builtTolerance(voters)]);
    expect(table).toEqual([
      [1, 1, 0],
      [2, 2, 0],
      [3, 2, 1],
      [4, 3, 1],
      [5, 3, 2],
      [6, 4, 2],
      [7, 4, 3],
    ]);
  });

  it("puts every voter into some group and never two parted ones into the same", () => {
    const names = ["a", "b", "c", "d", "e"];
    const pair = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names));
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 12 }), (pairs) => {
        const groups = findGroups(
          names,
          pairs.map(([from, to]) => link(from, to, "down")),
        );
        const covered = new Set(groups.flat());
        return (
          names.every((name) => covered.has(name)) &&
          pairs.every(
            ([from, to]) =>
              from === to || !groups.some((group) => group.includes(from) && group.includes(to)),
          )
        );
      }),
    );
  });

  it("never finds a larger group when one more link is known to be down, and only maximal groups", () => {
    const names = ["a", "b", "c", "d", "e"];
    const pair = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names));
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 10 }), pair, (pairs, more) => {
        const all = [...pairs, more].map(([from, to]) => link(from, to, "down"));
        const [before, after] = [findGroups(names, all.slice(0, -1)), findGroups(names, all)];
        const isWithin = (one: readonly string[], other: readonly string[]): boolean =>
          one.every((name) => other.includes(name));
        return (
          (after[0]?.length ?? 0) <= (before[0]?.length ?? 0) &&
          after.every((group) => before.some((wider) => isWithin(group, wider))) &&
          after.every((group) => after.every((other) => group === other || !isWithin(group, other)))
        );
      }),
    );
  });
});
