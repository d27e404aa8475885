import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { systemClock } from "../../../shared/clock.ts";

const FIXTURE = join(import.meta.dirname, "../../fixture/proc");
const never = new AbortController().signal;

describe("agent/host/linux-host", () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "linux-host-"));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it("reads a captured proc tree", () => {
    const host = createLinuxHost({ clock: systemClock, procRoot: FIXTURE });
    expect(host.listProcessIds().toSorted((one, other) => one - other)).toEqual([1, 812]);
    expect(host.findProcessName(812)).toBe("etcd");
    expect(host.findProcessArguments(812)?.slice(0, 3)).toEqual(["/usr/bin/etcd", "--name", "m1"]);
    expect(host.findProcessEnvironment(812)).toMatchObject({ ETCD_ELECTION_TIMEOUT: "3000" });
    expect(host.findProcessExecutable(812)).toBe("/usr/bin/etcd");
    expect(host.sharesMounts(812)).toBe(true);
    expect(host.findOpenFileLimit(812)).toBeGreaterThan(0);
    expect(host.readNodeInventory()).toMatchObject({ hostname: "m1", cpus: 2 });
    expect(host.readUptimeMs()).toBe(2_707_580);
  });

  it("takes a process that is not there for absent, in every read", () => {
    const host = createLinuxHost({ clock: systemClock, procRoot: FIXTURE });
    expect(host.findProcessName(9)).toBeUndefined();
    expect(host.findProcessStat(9)).toBeUndefined();
    expect(host.findProcessArguments(9)).toBeUndefined();
    expect(host.findProcessEnvironment(9)).toBeUndefined();
    expect(host.findProcessExecutable(9)).toBeUndefined();
    expect(host.findResidentBytes(9)).toBeUndefined();
    expect(host.findOpenFileCount(9)).toBeUndefined();
    expect(host.sharesMounts(9)).toBeUndefined();
    expect(host.readMounts(9)).toEqual([]);
  });

  it("reads this very process", () => {
    const host = createLinuxHost({ clock: systemClock });
    expect(host.findProcessStat(process.pid)).toMatchObject({ pid: process.pid });
    expect(host.findResidentBytes(process.pid)).toBeGreaterThan(1024 * 1024);
    expect(host.findOpenFileCount(process.pid)).toBeGreaterThan(3);
    expect(host.sharesMounts(process.pid)).toBe(true);
  });

  it("gives room, device and facts of a real directory", async () => {
    const host = createLinuxHost({ clock: systemClock });
    const usage = await host.readFilesystemUsage(directory, never);
    const df = execFileSync("df", ["--output=size", "-B1", directory], { encoding: "utf8" });
    expect(usage.sizeBytes).toBe(Number(df.split("\n")[1]));
    const facts = await host.readDirectoryFacts(directory, never);
    expect(facts.kind).toBe("directory");
    expect(host.readMounts("self").some(({ device }) => device === facts.device)).toBe(true);
  });

  it("times an fsync and leaves no file", async () => {
    const host = createLinuxHost({ clock: systemClock });
    const seconds = await host.measureFsync(directory, never);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(5);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("times an fsync also where a symbolic link lies in its way, without following it", async () => {
    const host = createLinuxHost({ clock: systemClock });
    symlinkSync("/nowhere", join(directory, ".etcdscope-fsync-probe"));
    await host.measureFsync(directory, never);
    expect(readdirSync(directory)).toEqual([".etcdscope-fsync-probe"]);
  });

  it("removes what a crashed agent left, but nothing larger than its own block", async () => {
    const host = createLinuxHost({ clock: systemClock });
    const path = join(directory, ".etcdscope-fsync-probe");
    writeFileSync(path, Buffer.alloc(2300));
    await host.removeStaleFsyncFile(directory, never);
    expect(readdirSync(directory)).toEqual([]);
    writeFileSync(path, Buffer.alloc(2301));
    await host.removeStaleFsyncFile(directory, never);
    expect(readdirSync(directory)).toHaveLength(1);
  });

  it("says why it could not: missing, a directory, too large", async () => {
    const host = createLinuxHost({ clock: systemClock });
    await expect(host.readSmallFile(join(directory, "no"), 10, never)).rejects.toMatchObject({
      code: "NOT_FOUND",
      reason: "not_found",
    });
    await expect(host.readSmallFile(directory, 10, never)).rejects.toMatchObject({
      reason: "not_a_small_file",
    });
    writeFileSync(join(directory, "large"), "12345678901");
    await expect(host.readSmallFile(join(directory, "large"), 10, never)).rejects.toMatchObject({
      reason: "not_a_small_file",
    });
    await expect(host.measureFsync(join(directory, "no"), never)).rejects.toMatchObject({
      reason: "not_found",
    });
  });

  it("does not open a pipe, which would wait for a writer", async () => {
    const host = createLinuxHost({ clock: systemClock });
    const pipe = join(directory, "pipe");
    execFileSync("mkfifo", [pipe]);
    await expect(host.readFileFacts(pipe, never)).resolves.toMatchObject({ kind: "other" });
    await expect(host.readSmallFile(pipe, 10, never)).rejects.toMatchObject({ reason: "not_a_small_file" });
    expect(host.pendingOperations()).toEqual([]);
  });
});
