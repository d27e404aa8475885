/** Profiles and single overrides. */
import { describe, expect, it } from "vitest";
import { resolveThresholds, THRESHOLDS } from "../../../collector/diagnosis/thresholds.ts";

describe("collector/diagnosis/thresholds", () => {
  it("gives the profile's value, the default where it has none, and an override before both", () => {
    const strict = resolveThresholds({ profile: "strict", overrides: { quotaNearRatio: 0.5 } });
    expect(strict.fsyncWarningMs).toBe(10);
    expect(strict.readHeldMs).toBe(THRESHOLDS.readHeldMs.default);
    expect(strict.quotaNearRatio).toBe(0.5);
  });

  it("refuses a name that it does not have and a value that is not above 0", () => {
    expect(() => resolveThresholds({ profile: "default", overrides: { fsync: 1 } })).toThrow(/"fsync"/);
    expect(() => resolveThresholds({ profile: "default", overrides: { hungMs: 0 } })).toThrow(/hungMs/);
  });

  it("has a source for every number", () => {
    expect(Object.values(THRESHOLDS).filter(({ source }) => source.length < 10)).toEqual([]);
  });
});
