import { describe, expect, it } from "vitest";
import { countValues } from "../../../shared/config/count-values.ts";

describe("shared/config/count-values", () => {
  it("counts every value, and what is shared as often as it stands there", () => {
    expect(countValues("a")).toBe(1);
    expect(countValues({ a: 1, b: [2, null] })).toBe(5);
    const shared = [1, 2];
    expect(countValues([shared, shared])).toBe(7);
  });

  it("counts what doubles a hundred times without walking through it", () => {
    let data: unknown = [1];
    for (let level = 0; level < 100; level += 1) {
      data = [data, data];
    }
    expect(countValues(data)).toBeGreaterThan(2 ** 100);
  });

  it("finds no end in data that holds itself", () => {
    const data: unknown[] = [1];
    data.push({ data });
    expect(countValues(data)).toBe(Number.POSITIVE_INFINITY);
  });
});
