/**
 * `npm run package [-- --out DIR | --arch amd64|arm64 | --verify]`: a .deb and a .tar.gz of the agent and of the collector, for amd64
 * and arm64, and their checksums. Two runs on one commit give the same bytes: times are the commit's, everything is sorted and
 * root's; `--verify` makes the second run and compares.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { MIGRATIONS } from "../collector/history/schema.ts";
import { ensureConsole } from "../scripts/ensure-console.ts";
import { ETCDSCOPE_VERSION } from "../shared/version.ts";
import { createBundle } from "./bundle.ts";
import { createDebianPackage } from "./debian-package.ts";
import { createInstallTree } from "./install-tree.ts";
import { createTar, gzip } from "../shared/tar.ts";
import { VARIANTS, type Architecture } from "./variants.ts";

const ROOT = join(import.meta.dirname, "..");
const SCRIPTS = ["preinst", "postinst", "prerm", "postrm"] as const;
const ARCHITECTURES: readonly Architecture[] = ["amd64", "arm64"];

/** SOURCE_DATE_EPOCH, or the commit's time; outside of a repository a constant. */
function readEpochSeconds(): number {
  const given = process.env["SOURCE_DATE_EPOCH"];
  if (given !== undefined && /^\d+$/.test(given)) {
    return Number(given);
  }
  const git = spawnSync("git", ["log", "-1", "--format=%ct"], { cwd: ROOT, encoding: "utf8" });
  return git.status === 0 ? Number(git.stdout.trim()) : 1_700_000_000;
}

interface BuildOptions {
  readonly version: string;
  readonly mtimeSeconds: number;
  readonly architectures: readonly Architecture[];
}

type Take = (name: string, bytes: Uint8Array) => void;

/** Hands each package over as soon as it is made: all at once would be half a gigabyte. */
async function buildAll({ version, mtimeSeconds, architectures }: BuildOptions, take: Take): Promise<void> {
  const bundle = await createBundle(ROOT);
  const scripts = Object.fromEntries(
    SCRIPTS.map((name) => [name, readFileSync(join(ROOT, "packaging/debian", name), "utf8")]),
  );
  const at = new Date(mtimeSeconds * 1000).toISOString();
  for (const variant of VARIANTS) {
    for (const architecture of architectures) {
      const files = createInstallTree({ root: ROOT, variant, architecture, bundle, version, at });
      const deb = createDebianPackage({
        variant,
        architecture,
        version,
        mtimeSeconds,
        files,
        scripts,
        schemaVersion: MIGRATIONS.length,
      });
      const folder = `${variant.name}-${version}-${architecture}`;
      const tree = files.map((file) => ({ ...file, path: `${folder}/${file.path}` }));
      take(`${variant.name}_${version}_${architecture}.deb`, deb);
      take(`${folder}.tar.gz`, gzip(createTar(tree, mtimeSeconds)));
    }
  }
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Builds all of it once more, the console from its sources too, and tells what came out differently. */
async function verify(options: BuildOptions, first: ReadonlyMap<string, string>): Promise<boolean> {
  await ensureConsole({ isForced: true });
  const different: string[] = [];
  await buildAll(options, (name, bytes) => {
    if (hash(bytes) !== first.get(name)) {
      different.push(name);
    }
  });
  console.log(
    different.length === 0
      ? `verified: a second build gave the same bytes, ${first.size} files`
      : `NOT the same bytes in a second build: ${different.join(", ")}`,
  );
  return different.length === 0;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: "string" },
      arch: { type: "string" },
      version: { type: "string" },
      verify: { type: "boolean", default: false },
    },
  });
  const out = values.out ?? join(ROOT, "dist");
  const architectures = ARCHITECTURES.filter((one) => values.arch === undefined || one === values.arch);
  if (architectures.length === 0) {
    throw new Error(`Expected --arch to be one of ${ARCHITECTURES.join(", ")}, got "${values.arch ?? ""}"`);
  }
  const options = {
    version: values.version ?? ETCDSCOPE_VERSION,
    mtimeSeconds: readEpochSeconds(),
    architectures,
  };
  await ensureConsole({ isForced: true });
  mkdirSync(out, { recursive: true });
  const sums = new Map<string, string>();
  await buildAll(options, (name, bytes) => {
    writeFileSync(join(out, name), bytes);
    sums.set(name, hash(bytes));
    console.log(`${join(out, name)}   ${(bytes.length / 2 ** 20).toFixed(1)} MiB`);
  });
  const lines = [...sums].map(([name, sum]) => `${sum}  ${name}\n`);
  writeFileSync(join(out, "SHA256SUMS"), lines.join(""));
  console.log(join(out, "SHA256SUMS"));
  if (values.verify && !(await verify(options, sums))) {
    process.exitCode = 1;
  }
}

await main();
