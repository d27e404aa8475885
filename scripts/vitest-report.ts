/** Reads vitest's JSON report: how many tests passed, failed and were skipped, and which were skipped. */

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly skippedNames: readonly string[];
}

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
 * failed for a reason outside any test (an unhandled rejection).
 */
export function parseVitestReport(json: string): TestCounts {
  const report = JSON.parse(json) as Report;
  const assertions = report.testResults.flatMap((file) => file.assertionResults);
  const passed = assertions.filter(({ status }) => status === "passed").length;
  const failedTests = assertions.filter(({ status }) => status === "failed").length;
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed"),
  ).length;
  const skipped = assertions.filter(({ status }) => !["passed", "failed"].includes(status));
  const failed = failedTests + brokenFiles;
  return {
    passed,
    failed: failed === 0 && !report.success ? 1 : failed,
    skipped: skipped.length,
    skippedNames: skipped.map(({ fullName }) => fullName),
  };
}
