import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RULES } from "../../collector/diagnosis/registry.ts";
import { findStaleFindingsPages, PAGES } from "../../scripts/findings-page.ts";

describe("scripts/findings-page", () => {
  it("has written docs/FINDINGS.md and its Chinese form as they are (npm run generate writes them anew)", async () => {
    expect(await findStaleFindingsPages()).toEqual([]);
  });

  it("explains every finding in both languages, with a sentence of its own and what to do", () => {
    for (const page of [readFileSync(PAGES.en, "utf8"), readFileSync(PAGES.zh, "utf8")]) {
      for (const { code, runbook } of RULES) {
        const [, about = ""] = page.split(`### ${code}\n`);
        const own = about.split("\n### ")[0] ?? "";
        expect([code, own.length > 150]).toEqual([code, true]);
        expect([code, runbook === null || / {2}1\. /.test(own)]).toEqual([code, true]);
      }
    }
  });
});
