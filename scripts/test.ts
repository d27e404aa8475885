/**
 * Everything that must hold before a change lands, in one run: format, lint, types, generated code, then all tests: unit tests,
 * then the ones on real things, beside these the one that mostly waits, and at last those that every other would feel. Words on the
 * command line are handed to vitest as filters, and then only the tests run.
 */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join, relative } from "node:path";
import { ensureChromium } from "../test/lab/chromium.ts";
import { ensureEtcd } from "../test/lab/etcd-binaries.ts";
import { ensureConsole } from "./ensure-console.ts";
import {
  failedOutside,
  type FileCounts,
  parseVitestReport,
  replaceFiles,
  sumCounts,
  type TestCounts,
} from "./vitest-report.ts";

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
  { name: "types of the console", command: [join(bin, "tsc"), "-p", join(root, "collector/console")] },
  { name: "generated code", command: [process.execPath, join(root, "scripts/check-generated.ts")] },
];

/** When more files fail than this, it is not for want of time. */
const MOST_RUN_AGAIN = 5;

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

/** A console that cannot be built is one failure, told at the end as well; the tests that do not need it are run all the same. */
async function prepareConsole(): Promise<TestCounts> {
  let build = { ...NOTHING, passed: 1 };
  try {
    console.log(`ok     console: ${await ensureConsole()} kB compressed`);
  } catch (error) {
    console.error(`FAILED console: not built: ${error instanceof Error ? error.message : String(error)}`);
    build = { ...NOTHING, failed: 1 };
  }
  const missing = await ensureChromium();
  console.log(missing === undefined ? "chromium: there" : `chromium: ${missing.because}`);
  return build;
}

async function runVitest(args: readonly string[]): Promise<readonly FileCounts[]> {
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
      ...args,
    ]);
    if (!existsSync(report)) {
      console.error("vitest ended without a report");
      return [failedOutside()];
    }
    const files = parseVitestReport(readFileSync(report, "utf8"));
    return !ok && sumCounts(files).failed === 0 ? [...files, failedOutside()] : files;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runAllTests(): Promise<readonly FileCounts[]> {
  const unit = await runVitest(["--project=unit"]);
  if (isInterrupted) {
    return unit;
  }
  const [real, waiting] = await Promise.all([
    runVitest(["--project=real"]),
    runVitest(["--project=waiting"]),
  ]);
  const again = await runFailedAlone(real);
  const alone = isInterrupted ? [] : await runVitest(["--project=alone"]);
  return [...unit, ...again, ...waiting, ...alone];
}

/**
 * Stories allow 5 s for a fault to be found, and a machine on which several clusters run beside each other sometimes stands still
 * for longer. A file that failed is run once more, alone, and what it does then counts.
 */
async function runFailedAlone(files: readonly FileCounts[]): Promise<readonly FileCounts[]> {
  const failed = files.filter(({ failed: count }) => count > 0).map(({ file }) => file);
  const isWorthIt = failed.length > 0 && failed.length <= MOST_RUN_AGAIN && failed.every(existsSync);
  if (!isWorthIt || isInterrupted) {
    return files;
  }
  const names = failed.map((file) => relative(root, file));
  console.log(`failed beside others, now once more alone: ${names.join(", ")}`);
  return replaceFiles(files, await runVitest(["--project=real", "--maxWorkers=1", ...names]));
}

async function runTests(filters: readonly string[]): Promise<readonly FileCounts[]> {
  return filters.length === 0 ? await runAllTests() : await runVitest(filters);
}

async function main(filters: readonly string[]): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      isInterrupted = true;
    });
  }
  await prepareEtcd();
  const build = await prepareConsole();
  const checks = filters.length === 0 ? await runStaticChecks() : NOTHING;
  const tests = sumCounts(isInterrupted ? [failedOutside()] : await runTests(filters));
  for (const name of tests.skippedNames) {
    console.log(`skipped: ${name}`);
  }
  if (build.failed > 0) {
    console.error("FAILED console: it could not be built, see the beginning of this output");
  }
  const failed = build.failed + checks.failed + tests.failed;
  const passed = build.passed + checks.passed + tests.passed;
  console.log(`${passed} passed, ${failed} failed, ${tests.skipped} skipped`);
  process.exitCode = failed === 0 && !isInterrupted ? 0 : 1;
}

await main(process.argv.slice(2));
