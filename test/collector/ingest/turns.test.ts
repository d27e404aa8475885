import { describe, expect, it } from "vitest";
import { createTurns } from "../../../collector/ingest/turns.ts";

describe("collector/ingest/turns", () => {
  it("lets clients take turns, each one's own in order", () => {
    const turns = createTurns<string>();
    for (const item of ["a1", "a2", "a3", "a4", "b1", "b2", "c1"]) {
      turns.add(item.charAt(0), item);
    }
    expect(Array.from({ length: 8 }, () => turns.take())).toEqual([
      "a1",
      "b1",
      "c1",
      "a2",
      "b2",
      "a3",
      "a4",
      undefined,
    ]);
    expect(turns.size()).toBe(0);
  });

  it("forgets those that go", () => {
    const turns = createTurns<string>();
    turns.add("a", "a1");
    turns.add("a", "a2");
    turns.add("b", "b1");
    expect([turns.remove("a", "a1"), turns.remove("a", "a1"), turns.remove("c", "c1")]).toEqual([
      true,
      false,
      false,
    ]);
    expect(turns.size()).toBe(2);
    expect([turns.take(), turns.take(), turns.take()]).toEqual(["a2", "b1", undefined]);
  });
});
