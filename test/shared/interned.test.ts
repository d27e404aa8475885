import { describe, expect, it } from "vitest";
import { createInterned } from "../../shared/interned.ts";

describe("shared/interned", () => {
  it("makes one of each name, and begins anew when there are too many", () => {
    let made = 0;
    const intern = createInterned((name) => ({ name, number: (made += 1) }));
    const first = intern("first");
    expect(intern("first")).toBe(first);
    for (let i = 0; i < 50_000; i += 1) {
      intern(`name-${i}`);
    }
    expect(made).toBe(50_001);
    expect(intern("first")).toEqual({ name: "first", number: 50_002 });
    expect(first).toEqual({ name: "first", number: 1 });
  });
});
