/** The table of causes as a whole. */
import { describe, expect, it } from "vitest";
import { CAUSES } from "../../../collector/diagnosis/cause-table.ts";
import { RULES } from "../../../collector/diagnosis/registry.ts";

function reaches(from: string, to: string): boolean {
  return (CAUSES[from] ?? []).some((code) => code === to || reaches(code, to));
}

describe("collector/diagnosis/causes", () => {
  it("has no circle", () => {
    expect(Object.keys(CAUSES).filter((code) => reaches(code, code))).toEqual([]);
  });

  it("names codes in their stable form, and each cause once", () => {
    for (const [effect, causes] of Object.entries(CAUSES)) {
      expect([effect, ...causes].every((code) => /^[A-Z][A-Z_]+$/.test(code))).toBe(true);
      expect(new Set(causes).size).toBe(causes.length);
    }
  });

  it("belongs to rules with distinct codes and a quiet longer than the hold", () => {
    expect(new Set(RULES.map(({ code }) => code)).size).toBe(RULES.length);
    expect(RULES.filter(({ holdMs, quietMs }) => quietMs <= holdMs)).toEqual([]);
  });
});
