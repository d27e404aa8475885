import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { parseDiskstats } from "../../../agent/host/parse-diskstats.ts";
import { parseMountinfo } from "../../../agent/host/parse-mountinfo.ts";
import { parseOpenFilesLimit, parseResidentBytes } from "../../../agent/host/parse-process-limits.ts";
import { isAlive, parseStat } from "../../../agent/host/parse-stat.ts";

const PROC = join(import.meta.dirname, "../../fixture/proc");

function captured(path: string): string {
  return readFileSync(join(PROC, path), "utf8");
}

describe("agent/host/parse-stat", () => {
  it("reads a captured etcd", () => {
    expect(parseStat(captured("812/stat"))).toEqual({
      pid: 812,
      name: "etcd",
      state: "S",
      cpuSeconds: 0.04,
      startTicks: 273142,
    });
  });

  it("reads names with spaces and parentheses", () => {
    const text = captured("812/stat").replace("(etcd)", "(a) S (b)");
    expect(parseStat(text)).toMatchObject({ name: "a) S (b", state: "S", startTicks: 273142 });
  });

  it("gives nothing for text that is cut off", () => {
    expect(parseStat("")).toBeUndefined();
    expect(parseStat("812 (etcd")).toBeUndefined();
    expect(parseStat("812 (etcd) S 1 2 3")).toBeUndefined();
  });

  it("takes a zombie for ended and a stopped process for alive", () => {
    const stat = parseStat(captured("812/stat"))!;
    expect(isAlive({ ...stat, state: "Z" })).toBe(false);
    expect(isAlive({ ...stat, state: "X" })).toBe(false);
    expect(isAlive({ ...stat, state: "T" })).toBe(true);
  });
});

describe("agent/host/parse-mountinfo", () => {
  it("reads captured mounts", () => {
    const mounts = parseMountinfo(captured("self/mountinfo"));
    expect(mounts.find(({ mountPoint }) => mountPoint === "/")).toEqual({
      device: "254:0",
      root: "/",
      mountPoint: "/",
      type: "ext4",
      source: "/dev/vda",
      readOnly: false,
      filesystemReadOnly: "",
    });
    expect(mounts).toHaveLength(9);
  });

  it("tells a mount that is read-only from a file system that nobody can write to, and reads escaped names", () => {
    const f = (line: string, want: readonly [string, boolean, string]): void => {
      const [mount] = parseMountinfo(`nonsense\n${line}\n`);
      expect([mount?.mountPoint, mount?.readOnly, mount?.filesystemReadOnly], line).toEqual(want);
    };
    f("1 2 8:1 / /mnt/with\\040space ro,relatime shared:7 master:2 - ext4 /dev/sda1 rw", [
      "/mnt/with space",
      true,
      "",
    ]);
    f("1 2 8:2 /sub /b rw - ext4 /dev/sda2 ro,errors=remount-ro", ["/b", false, "ro"]);
    // Linux 6.18: ext4 after an error, ext4 and XFS after they were shut down. XFS shows nothing.
    f("43 27 7:0 / /mnt rw,relatime - ext4 /dev/loop0 rw,errors=remount-ro,emergency_ro", [
      "/mnt",
      false,
      "emergency_ro",
    ]);
    f("70 27 7:0 / /mnt rw,relatime - ext4 /dev/loop0 rw,shutdown", ["/mnt", false, "shutdown"]);
    f("70 27 7:0 / /mnt rw,relatime - xfs /dev/loop0 rw,inode64,logbufs=8,logbsize=32k,noquota", [
      "/mnt",
      false,
      "",
    ]);
  });
});

describe("agent/host/parse-diskstats", () => {
  it("reads captured devices in base units", () => {
    expect(parseDiskstats(captured("diskstats"))[1]).toEqual({
      device: "254:0",
      name: "vda",
      readsCompleted: 124002,
      readBytes: 6337114 * 512,
      readSeconds: 66.519,
      writesCompleted: 15957,
      writtenBytes: 4911880 * 512,
      writeSeconds: 16.679,
      ioNow: 0,
      ioSeconds: 13.736,
    });
  });

  it("leaves out lines that are cut off", () => {
    expect(parseDiskstats("8 0 sda 1 2\n")).toEqual([]);
  });
});

describe("agent/host/parse-process-limits", () => {
  it("reads captured text", () => {
    expect(parseResidentBytes(captured("812/status"))).toBe(24004 * 1024);
    expect(parseOpenFilesLimit(captured("812/limits"))).toBeGreaterThan(0);
  });

  it("gives nothing where there is none", () => {
    expect(parseResidentBytes("State:\tZ (zombie)\n")).toBeUndefined();
    expect(
      parseOpenFilesLimit("Max open files            unlimited            unlimited            files\n"),
    ).toBeUndefined();
  });
});
