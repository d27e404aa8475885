import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { sniffLog } from "../../cli/sniff-log.ts";

const FIXTURE = join(import.meta.dirname, "../fixture");

function f(head: Buffer | string, want: string): void {
  const found = sniffLog(Buffer.from(head));
  expect(found.kind === "other" ? found.name : found.kind).toBe(want);
}

describe("cli/sniff-log", () => {
  it("knows what is no text by its first bytes", () => {
    f(gunzipSync(readFileSync(join(FIXTURE, "snapshots/3.5.16.db.gz"))), "etcd's database");
    f(readFileSync(join(FIXTURE, "snapshots/3.5.16.db.gz")), "gzip");
    f(gunzipSync(readFileSync(join(FIXTURE, "journal/etcd.journal.gz"))), "journal");
    f(readFileSync(join(FIXTURE, "bench/frames-m1.zst")), "zstd");
    f(Buffer.concat([Buffer.from("etcd.log"), Buffer.alloc(249), Buffer.from("ustar\0")]), "tar");
    f(readFileSync(process.execPath).subarray(0, 65_536), "of no known kind");
  });

  it("lets texts pass that hold a few odd bytes", () => {
    const line = '2026-11-24 16:02:20.196164 W | etcdserver: request "\u0001\u0002k" took too long\n'.repeat(
      3,
    );
    f("", "text");
    f("a", "text");
    f(line, "text");
    f("\u001b[31mred\u001b[0m\t中文\r\n", "text");
    // Emptied while its writer went on at its place.
    f(Buffer.concat([Buffer.alloc(60_000), Buffer.from(line)]), "text");
    expect(sniffLog(Buffer.from("\ufeffa"))).toEqual({ kind: "text", markBytes: 3 });
  });
});
