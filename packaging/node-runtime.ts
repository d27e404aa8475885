/** The pinned Node of either architecture: the installed one, or the other's, fetched by npm into .cache/ and checked by the lockfile's hash. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

interface LockedPackage {
  readonly version: string;
  readonly integrity: string;
}

/** The folder of the package, with bin/node and LICENSE in it. */
export function ensureNodeRuntime(root: string, architecture: "x64" | "arm64"): string {
  const name = `node-linux-${architecture}`;
  const installed = join(root, "node_modules", name);
  if (existsSync(join(installed, "bin/node"))) {
    return installed;
  }
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  const locked = lock.packages[`node_modules/${name}`];
  if (locked === undefined) {
    throw new Error(`Expected ${name} in package-lock.json`);
  }
  const target = join(root, ".cache/node", `${name}-${locked.version}`);
  if (!existsSync(join(target, "bin/node"))) {
    fetchPackage(root, { name, ...locked, target });
  }
  return target;
}

function fetchPackage(
  root: string,
  wanted: LockedPackage & { readonly name: string; readonly target: string },
): void {
  const work = `${wanted.target}.${process.pid}`;
  mkdirSync(work, { recursive: true });
  try {
    try {
      run("npm", ["pack", "--silent", "--pack-destination", work, `${wanted.name}@${wanted.version}`], root);
    } catch (cause) {
      throw new Error(
        `${wanted.name} ${wanted.version} is not installed here and could not be fetched: without a registry only this machine's own packages can be built (--arch)`,
        { cause },
      );
    }
    const [archive = ""] = readdirSync(work);
    const [algorithm = "", expected = ""] = wanted.integrity.split("-");
    const found = createHash(algorithm)
      .update(readFileSync(join(work, archive)))
      .digest("base64");
    if (found !== expected) {
      throw new Error(`${wanted.name} ${wanted.version} is not what package-lock.json names`);
    }
    run("tar", ["-xzf", archive], work);
    rmSync(wanted.target, { recursive: true, force: true });
    renameSync(join(work, "package"), wanted.target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0) {
    throw new Error(`${command} ${args.join(" ")} failed: ${error?.message ?? stderr.trim()}`);
  }
}
