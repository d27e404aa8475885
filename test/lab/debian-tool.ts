/**
 * Brings a program out of a Debian package of any suite into .cache/, without root and without touching the machine:
 * apt runs on a private configuration, state and cache, and the package is unpacked, not installed.
 */

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findDebianMirror, readAptSources } from "./apt-sources.ts";
import { unavailable, type Unavailable } from "./availability.ts";
import { withFileLock } from "./file-lock.ts";
import { mustRun, runCommand } from "./run-command.ts";

export interface DebianTool {
  readonly kind: "available";
  /** The path of each asked file, in the order asked. */
  readonly paths: readonly string[];
}

export interface DebianToolRequest {
  readonly suite: "bookworm" | "trixie";
  readonly packages: readonly string[];
  /** Paths inside the packages, without the leading slash: `usr/bin/etcd`. */
  readonly files: readonly string[];
  /** Folder below .cache/ that keeps the unpacked packages. */
  readonly folder: string;
}

export const CACHE_DIR = join(import.meta.dirname, "../../.cache");

const DEBIAN_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const DOWNLOAD_TIMEOUT_MS = 240_000;
/** Both steps of one download, and a little more. */
const LOCK_TIMEOUT_MS = 500_000;

function aptOptions(dir: string): string[] {
  const settings = {
    "Dir::State": join(dir, "state"),
    "Dir::State::status": join(dir, "status"),
    "Dir::Cache": join(dir, "cache"),
    "Dir::Etc::sourcelist": join(dir, "sources.list"),
    "Dir::Etc::sourceparts": "-",
    "Dir::Etc::preferences": "-",
    "Dir::Etc::preferencesparts": "-",
    "Acquire::Languages": "none",
    "Acquire::Retries": "2",
    "APT::Sandbox::User": "",
  };
  return Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
}

/** Hooks of the machine's own apt run after its own updates only. */
const CLEAR_HOOKS = ["#clear APT::Update::Post-Invoke;", "#clear APT::Update::Post-Invoke-Success;", ""].join(
  "\n",
);

function writePrivateApt(dir: string, source: string): void {
  for (const folder of ["state/lists/partial", "cache/archives/partial", "debs"]) {
    mkdirSync(join(dir, folder), { recursive: true });
  }
  writeFileSync(join(dir, "status"), "");
  writeFileSync(join(dir, "sources.list"), source);
  writeFileSync(join(dir, "apt.conf"), CLEAR_HOOKS);
}

async function download(dir: string, packages: readonly string[]): Promise<Unavailable | undefined> {
  const env = { ...process.env, APT_CONFIG: join(dir, "apt.conf"), LC_ALL: "C" };
  const options = { env, cwd: join(dir, "debs"), timeoutMs: DOWNLOAD_TIMEOUT_MS };
  for (const step of [["update"], ["download", ...packages]]) {
    const apt = await runCommand(["apt-get", "-q", ...aptOptions(dir), ...step], options);
    const complaint = /^(?:E|W|Err).*$/m.exec(apt.stderr)?.[0] ?? apt.stderr.trim().split("\n")[0] ?? "";
    if (!apt.ok || (step[0] === "update" && /^(E|W): .*(Failed|Could not)/m.test(apt.stderr))) {
      return unavailable(`apt-get ${step[0] ?? ""} did not work: ${complaint}`);
    }
  }
  return undefined;
}

async function unpack(dir: string, target: string): Promise<void> {
  const fresh = join(dir, "unpacked");
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh);
  for (const deb of readdirSync(join(dir, "debs"))) {
    await mustRun(["dpkg-deb", "-x", join(dir, "debs", deb), fresh]);
  }
  rmSync(target, { recursive: true, force: true });
  renameSync(fresh, target);
}

async function fetchTool(request: DebianToolRequest, target: string): Promise<Unavailable | undefined> {
  for (const tool of ["apt-get", "dpkg-deb"]) {
    if (!(await runCommand([tool, "--version"])).ok) {
      return unavailable(
        `${request.packages.join(", ")} must come from Debian, and this machine has no ${tool}`,
      );
    }
  }
  const mirror = findDebianMirror(readAptSources());
  if (!mirror) {
    return unavailable("the machine's apt sources name no Debian mirror");
  }
  const keyring = mirror.signedBy ?? DEBIAN_KEYRING;
  if (!existsSync(keyring)) {
    return unavailable(`the keyring of the Debian archive is not at ${keyring}`);
  }
  console.log(`etcdscope: fetching ${request.packages.join(", ")} of Debian ${request.suite} into .cache/`);
  const dir = join(CACHE_DIR, `apt-${request.folder.replaceAll("/", "-")}`);
  writePrivateApt(dir, `deb [signed-by=${keyring}] ${mirror.uri} ${request.suite} main\n`);
  try {
    const failed = await download(dir, request.packages);
    if (!failed) {
      await unpack(dir, target);
    }
    return failed;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function ensureUnderLock(
  request: DebianToolRequest,
  target: string,
  isThere: () => boolean,
): Promise<Unavailable | undefined> {
  mkdirSync(dirname(target), { recursive: true });
  return await withFileLock(`${target}.lock`, LOCK_TIMEOUT_MS, async () => {
    const failed = isThere() ? undefined : await fetchTool(request, target);
    const what = request.packages.join(", ");
    return failed ?? (isThere() ? undefined : unavailable(`${what} of ${request.suite} lacks a file`));
  });
}

/** The program's paths; a value that says why when it cannot be had here. Parallel callers wait for the first. */
export async function ensureDebianTool(request: DebianToolRequest): Promise<DebianTool | Unavailable> {
  const target = join(CACHE_DIR, request.folder);
  const paths = request.files.map((file) => join(target, file));
  function isThere(): boolean {
    return paths.every((path) => existsSync(path));
  }
  try {
    const failed = isThere() ? undefined : await ensureUnderLock(request, target, isThere);
    return failed ?? { kind: "available", paths };
  } catch (error) {
    return unavailable(error instanceof Error ? error.message : String(error));
  }
}
