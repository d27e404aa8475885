/** The built console, made when it is missing or older than its sources: tests, demo, benchmarks and packages call this first. */

import { createHash } from "node:crypto";
import {
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { withFileLock } from "../test/lab/file-lock.ts";

const root = join(import.meta.dirname, "..");
const source = join(root, "collector/console");
export const CONSOLE_DIST = join(source, "dist");
const stamp = join(CONSOLE_DIST, ".sources");
const lock = join(root, ".cache/console.lock");
const LOCK_TIMEOUT_MS = 120_000;

/** What the build is made of; shared/ is read for its types and words. */
const SOURCES = ["collector/console/**/*.{ts,tsx,css,html,svg,json}", "shared/*.ts", "package-lock.json"];
/** A font file is compressed already. */
const COMPRESSIBLE = new Set([".html", ".js", ".css", ".svg"]);

function hashSources(): string {
  const hash = createHash("sha256");
  const paths = SOURCES.flatMap((pattern) => globSync(pattern, { cwd: root }));
  for (const path of paths.filter((one) => !one.startsWith("collector/console/dist/")).sort()) {
    hash
      .update(path)
      .update("\0")
      .update(readFileSync(join(root, path)))
      .update("\0");
  }
  return hash.digest("hex");
}

/** Returns the bytes of the compressed build. */
function compress(folder: string): number {
  let bytes = 0;
  for (const path of globSync("**/*.*", { cwd: folder })) {
    const full = join(folder, path);
    const body = readFileSync(full);
    if (!COMPRESSIBLE.has(extname(path))) {
      bytes += body.length;
      continue;
    }
    const gzip = gzipSync(body, { level: 9 });
    writeFileSync(`${full}.gz`, gzip);
    const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
    writeFileSync(`${full}.br`, brotliCompressSync(body, { params: quality }));
    bytes += gzip.length;
  }
  return bytes;
}

/** Built beside the old one and put in its place at the end: a collector that serves it never sees half of one. */
async function build(hash: string): Promise<number> {
  const { build: viteBuild } = await import("vite");
  const fresh = join(root, `.cache/console-${process.pid}`);
  try {
    await viteBuild({
      configFile: false,
      logLevel: "warn",
      root: source,
      // Relative, so that the console also works below a path of a reverse proxy.
      base: "./",
      publicDir: false,
      oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
      build: {
        outDir: fresh,
        emptyOutDir: true,
        target: "es2022",
        // An inlined asset would need a wider content security policy.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
      },
    });
    const bytes = compress(fresh);
    writeFileSync(join(fresh, ".sources"), hash);
    rmSync(CONSOLE_DIST, { recursive: true, force: true });
    renameSync(fresh, CONSOLE_DIST);
    return bytes;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function measure(): number {
  return globSync("**/*.{gz,woff2}", { cwd: CONSOLE_DIST })
    .map((path) => statSync(join(CONSOLE_DIST, path)).size)
    .reduce((sum, size) => sum + size, 0);
}

/** Returns the size of the compressed build in kilobytes. Callers at the same time wait for the first one's build. */
export async function ensureConsole({ isForced = false } = {}): Promise<number> {
  mkdirSync(join(root, ".cache"), { recursive: true });
  const bytes = await withFileLock(lock, LOCK_TIMEOUT_MS, async () => {
    const hash = hashSources();
    const isFresh = existsSync(stamp) && readFileSync(stamp, "utf8") === hash;
    return isFresh && !isForced ? measure() : await build(hash);
  });
  return Math.round(bytes / 1000);
}
