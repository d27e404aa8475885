import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOG_FIXTURES } from "../shared/log/classify-file.ts";
import { runEtcdscope } from "./run-etcdscope.ts";

const DISK_FULL = join(LOG_FIXTURES, "3.5.16-zap/disk-full.log");

describe("cli/run-logs", () => {
  let dir = "";
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "etcdscope-logs-"));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it("tells the likely cause first, with the line that proves it and the next step", async () => {
    const { code, out } = await runEtcdscope(["logs", DISK_FULL]);
    expect(code).toBe(0);
    expect(out).toMatch(/CRITICAL {2}DISK_FULL {3}likely cause/);
    expect(out).toMatch(/disk-full\.log:\d+/);
    expect(out).toContain("now: free space on that file system");
    expect(out).toContain("explains: PEER_LINK_DOWN");
  });

  it("speaks Chinese", async () => {
    const { out } = await runEtcdscope(["logs", DISK_FULL, "--lang", "zh"]);
    expect(out).toContain("etcd 数据所在磁盘已满");
  });

  it("gives one object a line of input with --json, of gzip as of plain files", async () => {
    const zipped = join(dir, "etcd.log.gz");
    writeFileSync(zipped, gzipSync(readFileSync(DISK_FULL)));
    const [plain, unzipped] = await Promise.all([
      runEtcdscope(["logs", "--json", DISK_FULL]),
      runEtcdscope(["logs", "--json", zipped]),
    ]);
    expect(unzipped.out).toBe(plain.out);
    const rows = plain.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly line: number; readonly code: string | null });
    expect(rows.length).toBe(readFileSync(DISK_FULL, "utf8").trimEnd().split("\n").length);
    expect(rows.map(({ line }) => line)).toEqual(rows.map((_, index) => index + 1));
    expect(new Set(rows.map(({ code }) => code))).toEqual(new Set([null, "PEER_LINK_DOWN", "DISK_FULL"]));
  });

  it("says that it found nothing, not that nothing is there", async () => {
    const { code, out } = await runEtcdscope(["logs", join(LOG_FIXTURES, "3.5.16-zap/healthy.log")]);
    expect(code).toBe(0);
    expect(out).toContain("that does not prove that there is none");
  });

  it("names a file that is not there, a directory, and gzip that was cut off", async () => {
    const broken = join(dir, "broken.gz");
    writeFileSync(broken, gzipSync(readFileSync(DISK_FULL)).subarray(0, 300));
    const said = await Promise.all(
      [join(dir, "no.log"), dir, broken].map((file) => runEtcdscope(["logs", file])),
    );
    expect(said.map(({ code }) => code)).toEqual([2, 2, 1]);
    expect(said.map(({ error }) => error).join("")).toMatch(
      /no such file[^]*got a directory[^]*damaged or cut off/,
    );
  });
});
