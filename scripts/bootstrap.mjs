// The only file that runs on a machine with nothing but an older Node and npm: it installs the dependencies when they
// are missing or stale, then hands over to the Node that the lockfile pins. Plain JavaScript, no dependency, Node 20.
//
//   node scripts/bootstrap.mjs SCRIPT.ts [ARGS…]

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockfile = join(root, "package-lock.json");
const stamp = join(root, "node_modules/.etcdscope-lock");
/** npm writes it as the last step of an installation that succeeded. */
const npmsOwnRecord = join(root, "node_modules/.package-lock.json");
/** `npm install` writes the record and the lockfile within this time of each other, in either order. */
const SAME_INSTALL_MS = 5_000;
const PARENT_LOOK_MS = 300;

function fail(sentence) {
  console.error(`etcdscope: ${sentence}`);
  process.exit(1);
}

function pinnedNode() {
  return join(root, `node_modules/node-linux-${process.arch}/bin/node`);
}

function assertPlatform() {
  if (process.platform !== "linux" || !["x64", "arm64"].includes(process.arch)) {
    fail(`It runs on Linux on x64 or arm64, and this is ${process.platform} on ${process.arch}.`);
  }
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20) {
    fail(`Installing needs Node 20 or newer, and this is ${process.version}.`);
  }
}

function lockHash() {
  return createHash("sha256").update(readFileSync(lockfile)).digest("hex");
}

function isInstalled(hash) {
  if (!existsSync(npmsOwnRecord) || !existsSync(pinnedNode())) {
    return false;
  }
  if (existsSync(stamp) && readFileSync(stamp, "utf8").trim() === hash) {
    return true;
  }
  return statSync(npmsOwnRecord).mtimeMs >= statSync(lockfile).mtimeMs - SAME_INSTALL_MS;
}

/** npm must not run on the runtime that it is about to replace, so the checkout's own bin folder leaves the PATH. */
function pathWithoutCheckout() {
  const own = join(root, "node_modules/.bin");
  return (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => resolve(folder) !== own)
    .join(delimiter);
}

function install() {
  const why = existsSync(join(root, "node_modules")) ? "are older than the lockfile" : "are missing";
  console.log(`etcdscope: dependencies ${why}: running npm ci`);
  const npm = spawnSync(
    "npm",
    ["ci", "--include=dev", "--include=optional", "--no-fund", "--no-audit", "--loglevel=error"],
    {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, PATH: pathWithoutCheckout() },
    },
  );
  if (npm.error?.code === "ENOENT") {
    fail("npm is not on the PATH; install npm, then run this again.");
  }
  if (npm.error) {
    fail(`npm could not be started: ${npm.error.message}.`);
  }
  if (npm.signal) {
    process.kill(process.pid, npm.signal);
  }
  if (npm.status !== 0) {
    fail(
      `npm ci failed with exit code ${npm.status}; its own lines above say why. It needs the package registry: ` +
        "check the network, then run this again.",
    );
  }
  if (!existsSync(pinnedNode())) {
    fail(
      `npm ci did not bring the package node-linux-${process.arch}; the npm settings may leave out optional packages.`,
    );
  }
}

function ensureInstalled() {
  const hash = lockHash();
  if (!isInstalled(hash)) {
    install();
  }
  try {
    writeFileSync(stamp, `${hash}\n`);
  } catch {
    // A read-only checkout has nothing to remember.
  }
}

/**
 * npm starts its scripts through a shell, and a SIGTERM to npm ends that shell only. So when the shell is gone the
 * script is told to stop.
 */
function watchParent(whenGone) {
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event === undefined) {
    return;
  }
  const timer = setInterval(() => {
    if (process.ppid !== parent) {
      clearInterval(timer);
      whenGone();
    }
  }, PARENT_LOOK_MS);
}

/**
 * Runs the script and takes over its exit. The script is never killed from here: it gets the signals and cleans up.
 * A terminal sends Ctrl-C to every process of the group, so there the script already has it.
 */
function handOver(script, args) {
  const child = spawn(
    pinnedNode(),
    ["--disable-warning=ExperimentalWarning", resolve(root, script), ...args],
    {
      stdio: "inherit",
      env: { ...process.env, PATH: `${join(root, "node_modules/.bin")}${delimiter}${pathWithoutCheckout()}` },
    },
  );
  const fromTerminal = process.stdin.isTTY || process.stdout.isTTY;
  process.on("SIGINT", () => fromTerminal || child.kill("SIGINT"));
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGHUP", () => child.kill("SIGHUP"));
  watchParent(() => child.kill("SIGTERM"));
  child.on("error", (error) => fail(`The pinned Node could not be started: ${error.message}.`));
  child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
}

const [script, ...args] = process.argv.slice(2);
if (!script) {
  console.error("usage: node scripts/bootstrap.mjs SCRIPT.ts [ARGS…]");
  process.exit(2);
}
assertPlatform();
ensureInstalled();
handOver(script, args);
