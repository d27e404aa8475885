/** The built console's files, kept in memory: a few, small, and the same for everybody. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";

export interface ConsoleFile {
  readonly type: string;
  readonly etag: string;
  readonly body: Buffer;
  /** Compressed beforehand by the build; absent where that saves nothing. */
  readonly brotli: Buffer | undefined;
  readonly gzip: Buffer | undefined;
}

export interface ConsoleFiles {
  /** By path in the build: "index.html", "assets/index-B1xY.js". */
  find(path: string): ConsoleFile | undefined;
}

const PAGE = "index.html";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/**
 * A build that is made or replaced while the collector runs is read when it is asked for; until something is different, what
 * strangers ask for costs one look at the time of the page.
 */
export function createConsoleFiles(folder: string): ConsoleFiles {
  let files: ReadonlyMap<string, ConsoleFile> = new Map();
  let readBuiltAtMs: number | undefined;
  return {
    find(path) {
      const builtAtMs = statSync(join(folder, PAGE), { throwIfNoEntry: false })?.mtimeMs;
      if (builtAtMs !== readBuiltAtMs) {
        files = builtAtMs === undefined ? new Map() : readFolder(folder);
        readBuiltAtMs = builtAtMs;
      }
      return files.get(path);
    },
  };
}

function readFolder(folder: string): ReadonlyMap<string, ConsoleFile> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && TYPES[extname(entry.name)] !== undefined)
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return new Map(names.map((name) => [name, readFile(folder, name)]));
}

function readFile(folder: string, path: string): ConsoleFile {
  const body = readFileSync(join(folder, path));
  return {
    type: TYPES[extname(path)] ?? "application/octet-stream",
    etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`,
    body,
    brotli: readIfThere(join(folder, `${path}.br`)),
    gzip: readIfThere(join(folder, `${path}.gz`)),
  };
}

function readIfThere(path: string): Buffer | undefined {
  return existsSync(path) ? readFileSync(path) : undefined;
}
