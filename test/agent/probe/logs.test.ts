import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, closeSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HostDoor } from "../../../agent/host/host-door.ts";
import { findLog } from "../../../agent/probe/find-log.ts";
import { createLogsProbe } from "../../../agent/probe/logs.ts";
import { chooseContainerLog, decideLogSource, listPodFolders } from "../../../agent/probe/log-source.ts";
import type { ProcessTraces } from "../../../agent/probe/log-source.ts";
import { LogEventGate } from "../../../agent/probe/log-event-gate.ts";
import type { Observation } from "../../../agent/probe/probe.ts";
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
    const jumped = Buffer.byteLength(flood) - 256 * 1024;
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

describe("agent/probe/log-source", () => {
  const nothing: ProcessTraces = { errorOutput: undefined, cgroup: undefined, rootPrefix: "" };
  const POD =
    "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a1b2c3d_4e5f_6071_8293_a4b5c6d7e8f9.slice/cri-containerd-ab.scope\n";
  const STATIC = "0::/kubepods/burstable/pod0a1b2c3d4e5f60718293a4b5c6d7e8f9/ab\n";

  function f(configured: string, traces: Partial<ProcessTraces>): unknown {
    const source = decideLogSource(configured, { ...nothing, ...traces });
    return source.kind === "unknown" ? source.reason : Object.values(source).join(" ");
  }

  it("takes the configuration's word, else what the process shows", () => {
    expect(f("file:/x.log", {})).toBe("file /x.log");
    expect(f("off", { cgroup: POD })).toBe("off");
    expect(f("auto", { errorOutput: "/var/log/etcd.log" })).toBe("file /var/log/etcd.log");
    expect(f("auto", { errorOutput: "/x.log", rootPrefix: "/proc/7/root" })).toBe("file /proc/7/root/x.log");
    expect(f("auto", { errorOutput: "pipe:[1]", cgroup: POD })).toBe(
      "pod 0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
    );
    expect(f("auto", { errorOutput: "pipe:[1]", cgroup: STATIC })).toBe(
      "pod 0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    );
    expect(f("pod", {})).toBe("pod ");
    expect(f("auto", { errorOutput: "socket:[1]", cgroup: "0::/system.slice/etcd.service\n" })).toBe(
      "journal etcd.service",
    );
    expect(f("journald:etcd", {})).toBe("journal etcd.service");
    expect(f("auto", { starter: { kind: "unit", unit: "etcd.service" } })).toBe("journal etcd.service");
    expect(f("auto", { starter: { kind: "pod" } })).toBe("pod ");
    expect(f("auto", { starter: { kind: "file", path: "/var/log/etcd.log" } })).toBe(
      "file /var/log/etcd.log",
    );
    const id = "0123456789abcdef".repeat(4);
    for (const cgroup of [`0::/system.slice/docker-${id}.scope\n`, `4:memory:/docker/${id}\n`]) {
      expect(f("auto", { errorOutput: "pipe:[1]", cgroup })).toBe(
        `docker /var/lib/docker/containers/${id}/${id}-json.log`,
      );
    }
    expect(f("auto", { errorOutput: "/dev/pts/0" })).toBe("no_log");
    expect(f("auto", {})).toBe("no_log");
  });

  it("chooses the pod's folder and the container's last log", () => {
    const folders = ["kube-system_kube-proxy-x_1", "kube-system_etcd-m1_0a1b"];
    expect(listPodFolders(folders, "0a1b")).toEqual(["kube-system_etcd-m1_0a1b"]);
    expect(listPodFolders(folders, undefined)).toEqual(["kube-system_etcd-m1_0a1b"]);
    expect(listPodFolders(folders, "ffff")).toEqual([]);
    expect(
      chooseContainerLog(["9.log", "10.log", "10.log.20261124-160000", "10.log.20261124-150000.gz"]),
    ).toBe("10.log");
    expect(chooseContainerLog([])).toBeUndefined();
  });
});

describe("agent/probe/find-log", () => {
  const auto = { ...TEST_CONFIG.etcd, logs: "pod" };

  function podsWith(logs: Readonly<Record<string, number>>): Partial<HostDoor> {
    const paths = Object.keys(logs).map((path) => `/var/log/pods/${path}`);
    return {
      listDirectory: (folder) =>
        Promise.resolve([
          ...new Set(
            paths
              .filter((path) => path.startsWith(`${folder}/`))
              .map((path) => path.slice(folder.length + 1).split("/")[0] ?? ""),
          ),
        ]),
      readFileFacts: (path) =>
        Promise.resolve({ modifiedAtMs: logs[path.slice("/var/log/pods/".length)] ?? 0 } as never),
    };
  }

  it("takes the newest log of an etcd, not that of a pod that is gone or of a backup", async () => {
    const host = podsWith({
      "kube-system_etcd-backup-1_aa/backup/0.log": 900,
      "kube-system_etcd-m1_bb/etcd/7.log": 100,
      "kube-system_etcd-m1_cc/etcd/2.log": 300,
      "kube-system_kube-apiserver-m1_dd/etcd/0.log": 999,
    });
    expect(await findLog(auto, probeContext({ host }))).toMatchObject({
      path: "/var/log/pods/kube-system_etcd-m1_cc/etcd/2.log",
    });
    const none = podsWith({ "kube-system_etcd-backup-1_aa/backup/0.log": 900 });
    await expect(findLog(auto, probeContext({ host: none }))).rejects.toMatchObject({ reason: "no_log" });
  });
});

describe("agent/probe/log-event-gate", () => {
  it("is bounded, whatever codes come", () => {
    const gate = new LogEventGate();
    const many = Array.from({ length: 5000 }, (_, index) => ({
      code: `C${index}`,
      severity: "info",
      atMs: 0,
      excerpt: "",
      said: "",
    }));
    expect(gate.take(many, 0).length).toBe(200);
  });
});
