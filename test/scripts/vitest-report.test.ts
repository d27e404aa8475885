import { describe, expect, it } from "vitest";
import { OUTSIDE_ANY_TEST, parseVitestReport, replaceFiles, sumCounts } from "../../scripts/vitest-report.ts";

function report(success: boolean, files: readonly object[]): string {
  return JSON.stringify({ success, testResults: files });
}

function file(name: string, status: string, ...tests: readonly (readonly [string, string])[]): object {
  const assertionResults = tests.map(([fullName, testStatus]) => ({ fullName, status: testStatus }));
  return { name, status, assertionResults };
}

describe("scripts/vitest-report", () => {
  it("counts by test and names the skipped ones", () => {
    const json = report(false, [
      file("one", "passed", ["a", "passed"], ["b", "skipped"], ["c", "todo"]),
      file("two", "failed", ["d", "failed"], ["e", "passed"]),
    ]);
    expect(sumCounts(parseVitestReport(json))).toEqual({
      passed: 2,
      failed: 1,
      skipped: 2,
      skippedNames: ["b", "c"],
    });
  });

  it("counts a file that cannot be loaded as one failed test", () => {
    const [one] = parseVitestReport(report(false, [file("one", "failed")]));
    expect(one).toMatchObject({ file: "one", failed: 1 });
  });

  it("does not call a run passed that failed outside any test", () => {
    const files = parseVitestReport(report(false, [file("one", "passed", ["a", "passed"])]));
    expect(files.map(({ file: name, failed }) => [name, failed])).toEqual([
      ["one", 0],
      [OUTSIDE_ANY_TEST, 1],
    ]);
  });

  it("lets a file's second run stand for its first, and forgets nothing else", () => {
    const first = parseVitestReport(
      report(false, [
        file("one", "failed", ["a", "failed"], ["b", "passed"]),
        file("two", "failed", ["c", "failed"]),
        file("three", "passed", ["d", "passed"]),
      ]),
    );
    const second = parseVitestReport(report(true, [file("one", "passed", ["a", "passed"], ["b", "passed"])]));
    expect(sumCounts(replaceFiles(first, second))).toMatchObject({ passed: 3, failed: 1 });
  });
});
