import { describe, expect, it } from "vitest";
import { parseVitestReport } from "../../scripts/vitest-report.ts";

function report(success: boolean, files: readonly object[]): string {
  return JSON.stringify({ success, testResults: files });
}

function file(status: string, ...tests: readonly (readonly [string, string])[]): object {
  const assertionResults = tests.map(([fullName, testStatus]) => ({ fullName, status: testStatus }));
  return { name: "x.test.ts", status, assertionResults };
}

describe("scripts/vitest-report", () => {
  it("counts by test and names the skipped ones", () => {
    const json = report(false, [
      file("passed", ["a", "passed"], ["b", "skipped"], ["c", "todo"]),
      file("failed", ["d", "failed"], ["e", "passed"]),
    ]);
    expect(parseVitestReport(json)).toEqual({ passed: 2, failed: 1, skipped: 2, skippedNames: ["b", "c"] });
  });

  it("counts a file that cannot be loaded as one failed test", () => {
    expect(parseVitestReport(report(false, [file("failed")])).failed).toBe(1);
  });

  it("does not call a run passed that failed outside any test", () => {
    expect(parseVitestReport(report(false, [file("passed", ["a", "passed"])])).failed).toBe(1);
  });
});
