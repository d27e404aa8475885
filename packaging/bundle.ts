/** One bundle of plain JavaScript for every command and worker, and the list of packages that went into it. */
import { basename, join, relative } from "node:path";
import { rolldown, type Plugin } from "rolldown";

export interface Bundle {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Folders below node_modules whose code is in the bundle. */
  readonly packages: readonly string[];
}

/** Native, so it stays a package of its own beside the bundle. */
export const EXTERNAL_PACKAGE = "better-sqlite3";

const ENTRIES = {
  main: "cli/main.ts",
  "writer-worker": "collector/history/writer-worker.ts",
  "compactor-worker": "collector/history/compactor-worker.ts",
  "reader-worker": "collector/history/reader-worker.ts",
} as const;

/** Workers are found by a URL beside their caller; in the bundle everything lies in one folder, as JavaScript. */
const workerUrls: Plugin = {
  name: "worker-urls",
  transform(code, id) {
    if (!id.endsWith(".ts")) {
      return null;
    }
    return code.replaceAll(/new URL\("\.\/([\w-]+-worker)\.ts", import\.meta\.url\)/g, (_, name: string) => {
      if (!Object.hasOwn(ENTRIES, name)) {
        throw new Error(`${name}.ts is a worker that packaging/bundle.ts does not list`);
      }
      return `new URL("./${name}.js", import.meta.url)`;
    });
  },
};

export async function createBundle(root: string): Promise<Bundle> {
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, join(root, path)])),
    platform: "node",
    external: [EXTERNAL_PACKAGE, /^node:/],
    plugins: [workerUrls],
    logLevel: "silent",
    treeshake: { moduleSideEffects: true },
  });
  const { output } = await build.generate({
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    // What a stack trace says must be readable.
    minify: false,
  });
  await build.close();
  const files = new Map<string, Uint8Array>();
  const packages = new Set<string>();
  for (const chunk of output) {
    if (chunk.type === "asset") {
      throw new Error(`Expected code only in the bundle, got ${chunk.fileName}`);
    }
    files.set(basename(chunk.fileName), Buffer.from(chunk.code));
    for (const id of chunk.moduleIds) {
      const found = /^node_modules\/((?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)/.exec(relative(root, id));
      if (found?.[1] !== undefined) {
        packages.add(found[1]);
      }
    }
  }
  return { files, packages: [...packages].sort() };
}
