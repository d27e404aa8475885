/** Tells whether proto/ passes buf's lint, and whether shared/gen/ and the pages of findings are what would be generated today. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findStaleFindingsPages } from "./findings-page.ts";

const root = join(import.meta.dirname, "..");

interface Finished {
  readonly ok: boolean;
  readonly output: string;
}

function runBuf(args: readonly string[]): Finished {
  const buf = spawnSync(join(root, "node_modules/.bin/buf"), args, { cwd: root, encoding: "utf8" });
  return {
    ok: buf.status === 0,
    output: `${buf.stdout ?? ""}${buf.stderr ?? ""}${buf.error?.message ?? ""}`,
  };
}

function listFiles(folder: string): string[] {
  if (!existsSync(folder)) {
    return [];
  }
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

function compareFolders(committed: string, fresh: string): string[] {
  const problems: string[] = [];
  const freshFiles = new Set(listFiles(fresh));
  for (const file of listFiles(committed)) {
    if (!freshFiles.delete(file)) {
      problems.push(`shared/gen/${file} is no longer generated`);
    } else if (!readFileSync(join(committed, file)).equals(readFileSync(join(fresh, file)))) {
      problems.push(`shared/gen/${file} is stale`);
    }
  }
  return [...problems, ...[...freshFiles].map((file) => `shared/gen/${file} is missing`)];
}

/** One line a problem; none when the committed code is what proto/ gives. */
export function findGeneratedCodeProblems(): readonly string[] {
  const lint = runBuf(["lint"]);
  if (!lint.ok) {
    return [`buf lint: ${lint.output.trim()}`];
  }
  mkdirSync(join(root, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(root, ".cache/generated-"));
  try {
    const generate = runBuf(["generate", "--output", folder]);
    if (!generate.ok) {
      return [`buf generate: ${generate.output.trim()}`];
    }
    return compareFolders(join(root, "shared/gen"), join(folder, "shared/gen"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const pages = await findStaleFindingsPages();
  const problems = [
    ...findGeneratedCodeProblems(),
    ...pages.map((page) => `${page} is stale: npm run generate writes it anew`),
  ];
  for (const problem of problems) {
    console.error(problem);
  }
  process.exitCode = problems.length === 0 ? 0 : 1;
}
