import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** What is in memory for as long as the agent runs, beside its own files: Node's own modules, and packages by the files of them that are read. */
function listLoaded(): { readonly own: readonly string[]; readonly packages: readonly string[] } {
  const script = `
    import { registerHooks } from "node:module";
    const packages = new Set();
    registerHooks({ load: (url, context, next) => {
      const name = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1];
      if (name !== undefined) packages.add(name);
      return next(url, context);
    } });
    await import("./agent/main.ts");
    process.stdout.write(JSON.stringify({ own: process.moduleLoadList, packages: [...packages] }));
    process.exit();`;
  return JSON.parse(
    execFileSync(process.execPath, ["--no-warnings", "--input-type=module", "-e", script], {
      cwd: ROOT,
      encoding: "utf8",
    }),
  );
}

describe("agent/main", () => {
  it("keeps nothing in memory that it never uses: no web client of Node's, and of all packages protobuf alone", () => {
    const { own, packages } = listLoaded();
    expect(own.filter((name) => /undici|webstreams/.test(name))).toEqual([]);
    expect(packages).toEqual(["@bufbuild/protobuf"]);
  });
});
