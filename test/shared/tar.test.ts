import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createDebianPackage } from "../../packaging/debian-package.ts";
import { createAr, createTar, gzip, type PackedFile } from "../../shared/tar.ts";
import { VARIANTS } from "../../packaging/variants.ts";

const dir = mkdtempSync(join(tmpdir(), "etcdscope-tar-"));
const AT = 1_700_000_000;
const FILES: readonly PackedFile[] = [
  { path: "usr/bin/b", mode: 0o755, content: Buffer.from("b\n") },
  { path: "usr/bin/a", mode: 0o644, content: Buffer.alloc(1000, 7) },
  { path: `usr/lib/${"deep/".repeat(24)}file`, mode: 0o644, content: Buffer.from("deep") },
];

function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  return stdout;
}

describe("shared/tar", () => {
  afterAll(() => rmSync(dir, { recursive: true }));

  it("makes what tar reads: sorted, root's, with every folder on the way, long paths too", () => {
    const file = join(dir, "a.tar.gz");
    writeFileSync(file, gzip(createTar(FILES, AT)));
    const listed = run("tar", "--utc", "--full-time", "-tvzf", file).trimEnd().split("\n");
    expect(listed.every((line) => line.includes("root/root") && line.includes("2023-11-14 22:13:20"))).toBe(
      true,
    );
    const paths = listed.map((line) => line.split(" ").at(-1) ?? "");
    expect(paths.slice(0, 4)).toEqual(["usr/", "usr/bin/", "usr/bin/a", "usr/bin/b"]);
    expect(paths.at(-1)).toBe(FILES[2]?.path);
    run("tar", "-xzf", file, "-C", dir);
    expect(readFileSync(join(dir, "usr/bin/a")).equals(FILES[1]?.content ?? Buffer.alloc(0))).toBe(true);
  });

  it("gives the same bytes whatever the order that files come in", () => {
    expect(Buffer.compare(createTar(FILES, AT), createTar(FILES.toReversed(), AT))).toBe(0);
  });

  it("makes a .deb that dpkg understands", () => {
    const [variant] = VARIANTS;
    if (variant === undefined) {
      throw new Error("Expected a variant");
    }
    const deb = createDebianPackage({
      variant,
      architecture: "arm64",
      version: "1.2.3",
      mtimeSeconds: AT,
      files: FILES,
      scripts: { postinst: "#!/bin/sh\necho @PACKAGE@ @UNIT@ @SCHEMA@ @PRIORITY@ @SERVICE@\n" },
      schemaVersion: 4,
    });
    const file = join(dir, "a.deb");
    writeFileSync(file, deb);
    expect(run("dpkg-deb", "-f", file, "Package", "Version", "Architecture")).toBe(
      "Package: etcdscope-agent\nVersion: 1.2.3\nArchitecture: arm64\n",
    );
    expect(run("dpkg-deb", "-c", file)).toContain("./usr/bin/a");
    run("dpkg-deb", "-e", file, join(dir, "control"));
    expect(readFileSync(join(dir, "control/postinst"), "utf8")).toContain(
      "echo etcdscope-agent etcdscope-agent.service 4 10 agent",
    );
    expect(readFileSync(join(dir, "control/md5sums"), "utf8")).toContain("  usr/bin/b\n");
  });

  it("pads members of odd length", () => {
    const file = join(dir, "odd.ar");
    writeFileSync(
      file,
      createAr(
        [
          ["a", Buffer.from("1")],
          ["b", Buffer.from("22")],
        ],
        AT,
      ),
    );
    expect(run("ar", "p", file, "b")).toBe("22");
  });
});
