/**
 * Everything that must hold before a change lands, in one run: format, lint, types, generated code, then all tests: unit tests,
 * then the ones on real things, and beside these the one that mostly waits. Words on the command line are handed to vitest as
 * filters, and then only the tests run.
 */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ensureEtcd } from "../test/lab/etcd-binaries.ts";
import { parseVitestReport, type TestCounts } from "./vitest-report.ts";

const root = join(import.meta.dirname, "..");
const bin = join(root, "node_modules/.bin");

interface StaticCheck {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const STATIC_CHECKS: readonly StaticCheck[] = [
  { name: "format", command: [join(bin, "prettier"), "--check", "--log-level=warn", "."] },
  { name: "lint", command: [join(bin, "oxlint")] },
  { name: "types", command: [join(bin, "tsc")] },
  { name: "generated code", command: [process.execPath, join(root, "scripts/check-generated.ts")] },
];

const NOTHING: TestCounts = { passed: 0, failed: 0, skipped: 0, skippedNames: [] };

/** Ctrl-C reaches the running tool as well; it is waited for, so that it can clean up. */
let isInterrupted = false;

function run(command: readonly string[]): Promise<boolean> {
  const [file = "", ...args] = command;
  return new Promise((settle) => {
    const child = spawn(file, args, {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}` },
    });
    function forward(): void {
      child.kill("SIGTERM");
    }
    process.on("SIGTERM", forward);
    child.on("error", (error) => {
      console.error(error.message);
      settle(false);
    });
    child.on("close", (code) => {
      process.off("SIGTERM", forward);
      settle(code === 0);
    });
  });
}

async function runStaticChecks(): Promise<TestCounts> {
  let passed = 0;
  let failed = 0;
  for (const { name, command } of STATIC_CHECKS) {
    if (isInterrupted) {
      break;
    }
    const ok = await run(command);
    console.log(`${ok ? "ok    " : "FAILED"} ${name}`);
    passed += ok ? 1 : 0;
    failed += ok ? 0 : 1;
  }
  return { ...NOTHING, passed, failed };
}

async function prepareEtcd(): Promise<void> {
  for (const version of ["3.4", "3.5"] as const) {
    const etcd = await ensureEtcd(version);
    console.log(
      etcd.kind === "available" ? `etcd ${version}: ${etcd.etcd}` : `etcd ${version}: ${etcd.because}`,
    );
  }
}

async function runVitest(filters: readonly string[]): Promise<TestCounts> {
  mkdirSync(join(root, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(root, ".cache/vitest-"));
  const report = join(folder, "report.json");
  try {
    const ok = await run([
      process.execPath,
      join(root, "node_modules/vitest/vitest.mjs"),
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...filters,
    ]);
    if (!existsSync(report)) {
      console.error("vitest ended without a report");
      return { ...NOTHING, failed: 1 };
    }
    const counts = parseVitestReport(readFileSync(report, "utf8"));
    return { ...counts, failed: !ok && counts.failed === 0 ? 1 : counts.failed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function add(one: TestCounts, other: TestCounts): TestCounts {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
    skippedNames: [...one.skippedNames, ...other.skippedNames],
  };
}

async function runAllTests(): Promise<TestCounts> {
  const unit = await runVitest(["--project=unit"]);
  if (isInterrupted) {
    return unit;
  }
  const [real, waiting] = await Promise.all([
    runVitest(["--project=real"]),
    runVitest(["--project=waiting"]),
  ]);
  return add(unit, add(real, waiting));
}

async function runTests(filters: readonly string[]): Promise<TestCounts> {
  return filters.length === 0 ? await runAllTests() : await runVitest(filters);
}

async function main(filters: readonly string[]): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      isInterrupted = true;
    });
  }
  await prepareEtcd();
  const checks = filters.length === 0 ? await runStaticChecks() : NOTHING;
  const tests = isInterrupted ? { ...NOTHING, failed: 1 } : await runTests(filters);
  for (const name of tests.skippedNames) {
    console.log(`skipped: ${name}`);
  }
  const failed = checks.failed + tests.failed;
  console.log(`${checks.passed + tests.passed} passed, ${failed} failed, ${tests.skipped} skipped`);
  process.exitCode = failed === 0 && !isInterrupted ? 0 : 1;
}

await main(process.argv.slice(2));
