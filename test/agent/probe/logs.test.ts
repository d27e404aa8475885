import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, closeSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HostDoor } from "../../../agent/host/host-door.ts";
import { createLogsProbe } from "../../../agent/probe/logs.ts";
import type { Observation } from "../../../agent/probe/probe.ts";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { createManualClock } from "../manual-clock.ts";
import { discoveredEtcd, probeContext, TEST_CONFIG, TEST_SETUP } from "./probe-context.ts";

const NOW_MS = Date.UTC(2026, 10, 24, 16);
const MINUTE_MS = 60_000;

function diskFull(atMs: number): string {
  return `{"level":"fatal","ts":"${new Date(atMs).toISOString()}","caller":"backend/batch_tx.go:282","msg":"failed to commit tx","error":"write /var/lib/etcd/member/snap/db: no space left on device"}\n`;
}

function info(atMs: number): string {
  return `{"level":"info","ts":"${new Date(atMs).toISOString()}","caller":"mvcc/index.go:214","msg":"compact tree index","revision":60}\n`;
}

function told(observation: Observation): (readonly [string, string, string])[] {
  return (observation.events ?? []).map((event) => [
    event.kind,
    event.attributes["code"] ?? "",
    event.attributes["count"] ?? event.attributes["bytes"] ?? "",
  ]);
}

describe("agent/probe/logs", () => {
  let dir = "";
  let path = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "etcdscope-log-"));
    path = join(dir, "etcd.log");
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  function start(logs = `file:${path}`): {
    look: () => Promise<Observation>;
    clock: ReturnType<typeof createManualClock>;
  } {
    const clock = createManualClock(NOW_MS);
    const probe = createLogsProbe({
      ...TEST_SETUP,
      config: { ...TEST_CONFIG, etcd: { ...TEST_CONFIG.etcd, logs } },
    });
    return { look: async () => await probe.run(probeContext({ clock })), clock };
  }

  it("looks back a quarter of an hour, once, and follows from there", async () => {
    writeFileSync(path, diskFull(NOW_MS - 16 * MINUTE_MS) + diskFull(NOW_MS - 5 * MINUTE_MS));
    const { look, clock } = start();
    const first = await look();
    expect(told(first)).toEqual([["log", "DISK_FULL", "1"]]);
    expect(first.events?.[0]?.atUnixMs).toBe(BigInt(NOW_MS - 5 * MINUTE_MS));
    expect(told(await look())).toEqual([]);
    await clock.advance(61_000);
    expect(told(await look())).toEqual([]);
    appendFileSync(path, diskFull(NOW_MS + 61_000));
    expect(told(await look())).toEqual([["log", "DISK_FULL", "1"]]);
  });

  it("takes no part of a line that the runtime cut for a line", async () => {
    writeFileSync(path, info(NOW_MS));
    const { look } = start();
    await look();
    const [tag, time] = [" stderr P ", new Date(NOW_MS).toISOString()];
    const head = `{"level":"warn","ts":"${time}","caller":"txn/util.go:93","msg":"apply request took too long","request":"key:`;
    appendFileSync(path, `${time}${tag}${head}${"x".repeat(16_384 - head.length)}\n`);
    expect(told(await look())).toEqual([]);
    appendFileSync(path, `${time} stderr F mvcc: database space exceeded"}\n`);
    expect((await look()).events?.map(({ attributes }) => attributes["code"])).not.toContain(
      "QUOTA_EXCEEDED",
    );
    // By itself it is one.
    appendFileSync(path, `${time} stderr F mvcc: database space exceeded"}\n`);
    expect(told(await look())).toEqual([["log", "QUOTA_EXCEEDED", "1"]]);
  });

  it("looks back over as much as was said, in bounded looks, and tells what it left out", async () => {
    // As an operator's 20 lines a second: far more than one part.
    const minutes = (first: number, last: number): string =>
      Array.from({ length: first - last }, (_, index) =>
        info(NOW_MS - (first - index) * MINUTE_MS).repeat(1500),
      ).join("");
    writeFileSync(path, minutes(40, 4) + diskFull(NOW_MS - 4 * MINUTE_MS) + minutes(4, 0));
    const { look } = start();
    const seen: Observation[] = [];
    do {
      seen.push(await look());
    } while (seen.length < 10 && seen.at(-1)?.againMs === 1000);
    expect(seen.flatMap(told)).toEqual([["log", "DISK_FULL", "1"]]);
    expect(seen.length).toBeLessThanOrEqual(4);
    const lines = seen.at(-1)?.samples?.[0]?.value ?? 0;
    expect(lines).toBeGreaterThan(15 * 1500);
    // To a block before the quarter of an hour.
    expect(lines).toBeLessThan(16 * 1500);
  });

  it("reads the newest of a quarter of an hour that is too much, and counts the rest", async () => {
    const bytes = info(NOW_MS).length;
    writeFileSync(path, info(NOW_MS - 2 * MINUTE_MS).repeat(100_000));
    const { look } = start();
    const first = await look();
    const [[kind, , skipped] = ["", "", ""]] = told(first);
    expect([kind, first.againMs]).toEqual(["log_skipped", 1000]);
    expect(100_000 * bytes - Number(skipped)).toBeGreaterThan(4 * 1024 * 1024 - 2 * bytes);
    expect(100_000 * bytes - Number(skipped)).toBeLessThanOrEqual(4 * 1024 * 1024);
  });

  it("looks back into the file that was rotated away", async () => {
    const rotated = `${path}.20261124-155800`;
    writeFileSync(rotated, info(NOW_MS - 60 * MINUTE_MS).repeat(5000) + diskFull(NOW_MS - 3 * MINUTE_MS));
    writeFileSync(`${path}.20261124-145800.gz`, "no text");
    utimesSync(rotated, NOW_MS / 1000 - 120, NOW_MS / 1000 - 120);
    writeFileSync(path, info(NOW_MS - 2 * MINUTE_MS));
    const { look } = start();
    const first = await look();
    expect([told(first), first.againMs]).toEqual([[["log", "DISK_FULL", "1"]], 2000]);
    // Not all of the hour before.
    expect(first.samples?.[0]?.value).toBeLessThan(1000);
    expect(told(await look())).toEqual([]);
  });

  it("reads a rotated file to its end, and of much of it the end", async () => {
    for (const [name, lines, jumps] of [
      ["a", 3000, false],
      ["b", 20_000, true],
    ] as const) {
      const log = `${path}.${name}`;
      writeFileSync(log, info(NOW_MS));
      const { look } = start(`file:${log}`);
      await look();
      appendFileSync(log, info(NOW_MS).repeat(lines) + diskFull(NOW_MS));
      renameSync(log, `${log}.1`);
      writeFileSync(log, info(NOW_MS));
      const seen = [await look(), await look(), await look()];
      const all = seen.flatMap(told);
      expect(all).toContainEqual(["log", "DISK_FULL", "1"]);
      expect(all.some(([kind]) => kind === "log_skipped")).toBe(jumps);
    }
  });

  it("joins the parts into which a container runtime cut a line", async () => {
    const at = "2026-11-24T15:59:00.1Z stderr";
    const whole = diskFull(NOW_MS - MINUTE_MS).trimEnd();
    writeFileSync(path, `${at} P ${whole.slice(0, 120)}\n${at} P ${whole.slice(120, 150)}\n`);
    const { look } = start();
    const first = await look();
    expect(told(first)).toEqual([]);
    appendFileSync(path, `${at} F ${whole.slice(150)}\n`);
    expect(told(await look())).toEqual([["log", "DISK_FULL", "1"]]);
  });

  it("takes a part for all when etcd is gone and nothing follows", async () => {
    writeFileSync(path, `2026-11-24T15:59:00.1Z stderr P ${diskFull(NOW_MS - MINUTE_MS)}`);
    const { look } = start();
    expect(told(await look())).toEqual([]);
    expect(told(await look())).toEqual([["log", "DISK_FULL", "1"]]);
  });

  it("tells the first line at once, and the rest as a count once a minute", async () => {
    writeFileSync(path, info(NOW_MS));
    const { look, clock } = start();
    await look();
    appendFileSync(path, diskFull(NOW_MS));
    expect(told(await look())).toEqual([["log", "DISK_FULL", "1"]]);
    appendFileSync(path, diskFull(NOW_MS).repeat(7));
    expect(told(await look())).toEqual([]);
    await clock.advance(MINUTE_MS);
    expect(told(await look())).toEqual([["log", "DISK_FULL", "7"]]);
  });

  it("joins a line that was written in two pieces", async () => {
    writeFileSync(path, "");
    const { look } = start();
    await look();
    const line = diskFull(NOW_MS);
    appendFileSync(path, line.slice(0, 100));
    expect(told(await look())).toEqual([]);
    appendFileSync(path, line.slice(100));
    expect(told(await look())).toEqual([["log", "DISK_FULL", "1"]]);
  });

  it("follows a log that is rotated, and one that is truncated", async () => {
    writeFileSync(path, info(NOW_MS).repeat(10));
    const { look, clock } = start();
    await look();
    renameSync(path, `${path}.1`);
    writeFileSync(path, diskFull(NOW_MS));
    expect(told(await look())).toEqual([["log", "DISK_FULL", "1"]]);
    await clock.advance(MINUTE_MS);
    truncateSync(path);
    await look();
    appendFileSync(path, diskFull(NOW_MS + MINUTE_MS));
    expect(told(await look())).toEqual([["log", "DISK_FULL", "1"]]);
  });

  it("follows a log that is copied and emptied (copytruncate), also when it is longer again at the next look", async () => {
    writeFileSync(path, info(NOW_MS).repeat(10));
    const { look, clock } = start();
    await look();
    // What came just before the copy was made is only in the copy.
    appendFileSync(path, diskFull(NOW_MS));
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
    const panic = `{"level":"panic","ts":"${new Date(NOW_MS).toISOString()}","caller":"backend/backend.go:201","msg":"failed to open database","error":"invalid database"}\n`;
    appendFileSync(path, panic + info(NOW_MS + 1).repeat(40));
    expect(told(await look())).toEqual([["log", "DISK_FULL", "1"]]);
    expect(told(await look())).toEqual([["log", "START_DB_CORRUPT", "1"]]);
    expect(told(await look())).toEqual([]);
    // No copy is left that tells what came before: the new text is read from its beginning.
    await clock.advance(MINUTE_MS);
    rmSync(`${path}.1`);
    truncateSync(path);
    appendFileSync(path, diskFull(NOW_MS + MINUTE_MS) + info(NOW_MS + 2).repeat(90));
    expect(told(await look())).toEqual([["log", "DISK_FULL", "1"]]);
  });

  it("reads a bounded part of a flood, the newest, and counts what it jumped over", async () => {
    writeFileSync(path, info(NOW_MS));
    const { look } = start();
    await look();
    const flood = info(NOW_MS).repeat(50_000) + diskFull(NOW_MS);
    appendFileSync(path, flood);
    const observation = await look();
    // The newest 256 KiB, from where a line begins.
    const line = Buffer.byteLength(info(NOW_MS));
    const read = Math.floor((256 * 1024 - Buffer.byteLength(diskFull(NOW_MS))) / line) * line;
    const jumped = line * 50_000 - read;
    expect(told(observation)).toEqual([
      ["log", "DISK_FULL", "1"],
      ["log_skipped", "", String(jumped)],
    ]);
    expect(observation.samples).toContainEqual({ key: "etcdscope_log_skipped_bytes_total", value: jumped });
  });

  it("sends no key of etcd", async () => {
    writeFileSync(
      path,
      `{"level":"warn","ts":"${new Date(NOW_MS).toISOString()}","caller":"etcdserver/util.go:170","msg":"apply request took too long","took":"2s","request":"key:\\"/registry/secrets/top\\" ","error":"etcdserver: no space"}\n`,
    );
    const { look } = start();
    expect((await look()).events?.[0]?.attributes["line"]).not.toContain("/registry");
  });

  it("follows a log behind a link, which its writer rotates where it really is", async () => {
    const real = join(dir, "docker");
    mkdirSync(real);
    writeFileSync(join(real, "x-json.log"), info(NOW_MS));
    symlinkSync(join(real, "x-json.log"), path);
    const { look } = start();
    await look();
    appendFileSync(join(real, "x-json.log"), diskFull(NOW_MS));
    renameSync(join(real, "x-json.log"), join(real, "x-json.log.1"));
    writeFileSync(join(real, "x-json.log"), info(NOW_MS));
    expect(told(await look())).toEqual([["log", "DISK_FULL", "1"]]);
  });

  it("says why there is nothing to read", async () => {
    await expect(start("off").look()).rejects.toMatchObject({ code: "NOT_APPLICABLE", reason: "disabled" });
    await expect(start("auto").look()).rejects.toMatchObject({ code: "NOT_APPLICABLE", reason: "no_log" });
    await expect(start().look()).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("finds the file that a process writes its errors to", async () => {
    const output = openSync(path, "w");
    const child = spawn("sh", ["-c", "printf '%s' \"$0\" >&2; exec cat", diskFull(NOW_MS)], {
      stdio: ["pipe", "ignore", output],
    });
    closeSync(output);
    try {
      await expect.poll(() => readFileSync(path, "utf8"), { timeout: 20_000 }).toContain("no space");
      const probe = createLogsProbe({
        ...TEST_SETUP,
        config: { ...TEST_CONFIG, etcd: { ...TEST_CONFIG.etcd, logs: "auto" } },
      });
      const discovered = discoveredEtcd({}, { pid: child.pid ?? 0 });
      const clock = createManualClock(NOW_MS);
      expect(told(await probe.run(probeContext({ clock, discovered })))).toEqual([["log", "DISK_FULL", "1"]]);
    } finally {
      child.stdin?.end();
      await once(child, "exit");
    }
  });
});

describe("agent/probe/logs of pods", () => {
  const PODS = "/var/log/pods";
  const MANIFEST = "/etc/kubernetes/manifests/etcd.yaml";
  const GONE_PID = 813;
  const UIDS = ["0a1b2c3d4e5f60718293a4b5c6d7e8f9", "1a1b2c3d4e5f60718293a4b5c6d7e8f9"] as const;
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "etcdscope-pods-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  function folderOf(uid: string): string {
    return join(dir, `kube-system_etcd-m1_${uid}`, "etcd");
  }

  /** etcd ran in the pod with the first UID, and ended. */
  function start(): { look: (pid: number | undefined) => Promise<Observation> } {
    mkdirSync(folderOf(UIDS[0]), { recursive: true });
    const clock = createManualClock(NOW_MS);
    const real = createLinuxHost({ clock });
    const here = (path: string): string => path.replace(PODS, dir);
    const there = (path: string): string => path.replace(dir, PODS);
    const host: Partial<HostDoor> = {
      findProcessStat: () => undefined,
      findProcessErrorOutput: (pid) => (pid === GONE_PID ? undefined : "pipe:[1]"),
      findProcessCgroup: (pid) =>
        pid === GONE_PID ? undefined : `/kubepods/burstable/pod${UIDS[0]}/${"ab".repeat(32)}`,
      listDirectory: (at, signal) => real.listDirectory(here(at), signal),
      readFileFacts: (at, signal) => real.readFileFacts(here(at), signal),
      readLogPart: (at, from, signal) => real.readLogPart(here(at), from, signal),
      findLogStart: (at, span, signal) =>
        real.findLogStart(here(at), span, signal).then((start) => ({
          ...start,
          before: start.before && { ...start.before, path: there(start.before.path) },
        })),
      readSmallFile: (at, max, signal) =>
        at === MANIFEST
          ? Promise.resolve(Buffer.from("spec: {containers: [{command: [etcd, --data-dir=/var/lib/etcd]}]}"))
          : real.readSmallFile(at, max, signal),
    };
    const config = { ...TEST_CONFIG, etcd: { ...TEST_CONFIG.etcd, logs: "auto" } };
    const probe = createLogsProbe({ ...TEST_SETUP, config });
    return {
      look: async (pid) => {
        const discovered = discoveredEtcd({}, { pid });
        return await probe.run(probeContext({ clock, discovered, host }));
      },
    };
  }

  it("reads what is left of a start before, however much, and goes on with the next", async () => {
    const { look } = start();
    const log = join(folderOf(UIDS[0]), "0.log");
    writeFileSync(log, info(NOW_MS));
    await look(812);
    appendFileSync(log, info(NOW_MS).repeat(3000) + diskFull(NOW_MS));
    writeFileSync(join(folderOf(UIDS[0]), "1.log"), info(NOW_MS));
    const seen = [await look(undefined), await look(undefined), await look(undefined)];
    expect(seen.flatMap(told)).toEqual([["log", "DISK_FULL", "1"]]);
    expect(seen[2]?.samples).toContainEqual({ key: "etcdscope_log_lines_total", value: 3003 });
  });

  it("reads on when a process has gone that was only just found", async () => {
    const { look } = start();
    const log = join(folderOf(UIDS[0]), "0.log");
    writeFileSync(log, info(NOW_MS));
    await look(812);
    appendFileSync(log, diskFull(NOW_MS));
    expect(told(await look(GONE_PID))).toEqual([["log", "DISK_FULL", "1"]]);
  });

  it("goes on in the folder that the pod has after a change of its manifest", async () => {
    const { look } = start();
    writeFileSync(join(folderOf(UIDS[0]), "0.log"), info(NOW_MS));
    await look(812);
    mkdirSync(folderOf(UIDS[1]), { recursive: true });
    writeFileSync(join(folderOf(UIDS[1]), "0.log"), "flag provided but not defined: -no-such-flag\n");
    utimesSync(folderOf(UIDS[0]), NOW_MS / 1000 - 60, NOW_MS / 1000 - 60);
    utimesSync(folderOf(UIDS[1]), NOW_MS / 1000, NOW_MS / 1000);
    expect(told(await look(undefined))).toEqual([["log", "START_CONFIG_INVALID", "1"]]);
  });
});
