/** Reads vitest's JSON report: how many tests passed, failed and were skipped, by file, and which were skipped. */

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly skippedNames: readonly string[];
}

export interface FileCounts extends TestCounts {
  /** Absolute path, or OUTSIDE_ANY_TEST. */
  readonly file: string;
}

/** Stands for what failed a run in no test of it: an unhandled rejection, a run without a report. */
export const OUTSIDE_ANY_TEST = "(outside any test)";

interface Assertion {
  readonly fullName: string;
  readonly status: string;
}

interface FileResult {
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly Assertion[];
}

interface Report {
  readonly success: boolean;
  readonly testResults: readonly FileResult[];
}

/**
 * Counts by test. A file that could not be loaded counts as one failed test, and so does a run that vitest calls
 * failed for a reason outside any test.
 */
export function parseVitestReport(json: string): readonly FileCounts[] {
  const report = JSON.parse(json) as Report;
  const files = report.testResults.map(countFile);
  const isUnexplained = !report.success && files.every(({ failed }) => failed === 0);
  return isUnexplained ? [...files, failedOutside()] : files;
}

export function failedOutside(): FileCounts {
  return { file: OUTSIDE_ANY_TEST, passed: 0, failed: 1, skipped: 0, skippedNames: [] };
}

function countFile({ name, status, assertionResults }: FileResult): FileCounts {
  const passed = assertionResults.filter((test) => test.status === "passed").length;
  const failed = assertionResults.filter((test) => test.status === "failed").length;
  const skipped = assertionResults.filter((test) => !["passed", "failed"].includes(test.status));
  return {
    file: name,
    passed,
    failed: failed === 0 && status === "failed" ? 1 : failed,
    skipped: skipped.length,
    skippedNames: skipped.map(({ fullName }) => fullName),
  };
}

/** What a second run counted takes the place of what the first did, file by file. */
export function replaceFiles(
  first: readonly FileCounts[],
  second: readonly FileCounts[],
): readonly FileCounts[] {
  const again = new Set(second.map(({ file }) => file));
  return [...first.filter(({ file }) => !again.has(file)), ...second];
}

export function sumCounts(counts: readonly TestCounts[]): TestCounts {
  return {
    passed: counts.reduce((sum, { passed }) => sum + passed, 0),
    failed: counts.reduce((sum, { failed }) => sum + failed, 0),
    skipped: counts.reduce((sum, { skipped }) => sum + skipped, 0),
    skippedNames: counts.flatMap(({ skippedNames }) => skippedNames),
  };
}
