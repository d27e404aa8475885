import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { FileFacts, FilesystemUsage, HostDoor } from "../../../agent/host/host-door.ts";
import type { Mount } from "../../../agent/host/parse-mountinfo.ts";
import { createFsyncProbe } from "../../../agent/probe/fsync.ts";
import type { Probe } from "../../../agent/probe/probe.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { discoveredEtcd, probeContext, TEST_CONFIG, TEST_SETUP } from "./probe-context.ts";

const GIB = 1024 ** 3;
const MOUNT: Mount = {
  device: "8:1",
  root: "/",
  mountPoint: "/",
  type: "ext4",
  source: "/dev/sda1",
  readOnly: false,
  filesystemReadOnly: "",
};

function usage(availableBytes: number, sizeBytes = 20 * GIB): FilesystemUsage {
  return { availableBytes, sizeBytes, files: 1, filesFree: 1 };
}

function facts(device: string): FileFacts {
  return { kind: "directory", inode: 1, device, sizeBytes: 0, mode: 0o700, uid: 0, gid: 0, modifiedAtMs: 0 };
}

/** A machine on which everything is well and an fsync takes as long as the test says. */
function machine(
  seconds: () => number,
  rest: Partial<HostDoor> = {},
): { host: Partial<HostDoor>; written: string[] } {
  const written: string[] = [];
  return {
    written,
    host: {
      readDirectoryFacts: () => Promise.resolve(facts("8:1")),
      readFilesystemUsage: () => Promise.resolve(usage(10 * GIB)),
      removeStaleFsyncFile: () => Promise.resolve(),
      measureFsync: (directory) => {
        written.push(directory);
        return Promise.resolve(seconds());
      },
      ...rest,
    },
  };
}

async function runOn(
  probe: Probe,
  host: Partial<HostDoor>,
  given: Record<string, string> = { "data-dir": "/d" },
): Promise<number | undefined> {
  const observation = await probe.run(probeContext({ host, discovered: discoveredEtcd(given) }));
  return observation.samples?.[0]?.value;
}

describe("agent/probe/fsync", () => {
  it("writes beside the member directory, or beside a WAL that has its own", async () => {
    const { host, written } = machine(() => 0.001984);
    expect(await runOn(createFsyncProbe(TEST_SETUP), host)).toBe(0.001984);
    await runOn(createFsyncProbe(TEST_SETUP), host, { "data-dir": "/d", "wal-dir": "/wal/etcd" });
    expect(written).toEqual(["/d", "/wal"]);
  });

  it("does not write where that would be another file system than the WAL's", async () => {
    const { host, written } = machine(() => 0.001984, {
      readDirectoryFacts: (path) => Promise.resolve(facts(path === "/wal" ? "8:2" : "8:1")),
    });
    const run = runOn(createFsyncProbe(TEST_SETUP), host, { "wal-dir": "/wal" });
    await expect(run).rejects.toMatchObject({ code: "NOT_APPLICABLE", reason: "other_filesystem" });
    expect(written).toEqual([]);
  });

  it("stops when space is low, and says so", async () => {
    const f = async (room: FilesystemUsage, isLow: boolean): Promise<void> => {
      const { host, written } = machine(() => 0.001984, { readFilesystemUsage: () => Promise.resolve(room) });
      const run = runOn(createFsyncProbe(TEST_SETUP), host);
      await (isLow
        ? expect(run).rejects.toMatchObject({ code: "NOT_APPLICABLE", reason: "low_space" })
        : expect(run).resolves.toBe(0.001984));
      expect(written).toHaveLength(isLow ? 0 : 1);
    };
    await f(usage(GIB), false);
    await f(usage(GIB - 1), true);
    await f(usage(64 * 1024 * 1024, GIB), false);
    await f(usage(64 * 1024 * 1024 - 1, GIB), true);
  });

  it("is skipped, with what to do, where the agent alone may not write; where nobody may, it fails", async () => {
    const f = async (mount: Partial<Mount>, want: object): Promise<void> => {
      const { host } = machine(() => 0, {
        readMounts: () => [{ ...MOUNT, ...mount }],
        measureFsync: () =>
          Promise.reject(new EtcdscopeError("STORAGE_FAILED", "/d is read-only", { reason: "read_only" })),
      });
      await expect(runOn(createFsyncProbe(TEST_SETUP), host)).rejects.toMatchObject(want);
    };
    await f(
      { readOnly: true },
      {
        code: "NOT_APPLICABLE",
        reason: "read_only_for_agent",
        message: expect.stringContaining("ReadWritePaths=/d") as unknown,
      },
    );
    await f({ readOnly: true, filesystemReadOnly: "ro" }, { code: "STORAGE_FAILED", reason: "read_only" });
    await f({ filesystemReadOnly: "emergency_ro" }, { code: "STORAGE_FAILED", reason: "read_only" });
  });

  it("becomes rare after three slow ones in a row, and usual again after a fast one", async () => {
    let seconds = 0.3;
    const probe = createFsyncProbe(TEST_SETUP);
    const { host } = machine(() => seconds);
    const next = async (): Promise<number | undefined> => {
      await runOn(probe, host);
      return probe.timing?.().intervalMs;
    };
    expect([await next(), await next(), await next(), await next()]).toEqual([5000, 5000, 60_000, 60_000]);
    seconds = 0.01;
    expect(await next()).toBe(5000);
  });

  it("asks for etcd's own figures, and for who else writes, when the disk is slow, and only then", async () => {
    const f = async (seconds: number, want: readonly string[]): Promise<void> => {
      const { host } = machine(() => seconds);
      const context = probeContext({ host, discovered: discoveredEtcd({ "data-dir": "/d" }) });
      expect((await createFsyncProbe(TEST_SETUP).run(context)).trigger).toEqual(want);
    };
    await f(0.01, []);
    await f(0.3, ["metrics", "disk"]);
  });

  it("counts one that never came back as slow", async () => {
    const probe = createFsyncProbe(TEST_SETUP);
    const { host } = machine(() => 0, {
      measureFsync: () => Promise.reject(new EtcdscopeError("TIMED_OUT", "It hangs", { reason: "hung" })),
    });
    for (let run = 0; run < 3; run++) {
      await expect(runOn(probe, host)).rejects.toMatchObject({ code: "TIMED_OUT" });
    }
    expect(probe.timing?.().intervalMs).toBe(60_000);
  });

  it("keeps the phase that the collector asks for, and the rest from its next run on", async () => {
    let fsyncProbeMinIntervalMs = 0;
    const settings = () => ({ fsyncProbePhaseMs: 1700, fsyncProbeMinIntervalMs, hashRound: 0n });
    const probe = createFsyncProbe({ ...TEST_SETUP, settings });
    const { host } = machine(() => 0.001984);
    await runOn(probe, host);
    expect(probe.timing?.()).toEqual({ intervalMs: 5000, phaseMs: 1700 });
    fsyncProbeMinIntervalMs = 30_000;
    // What the cluster cannot afford may be this disk: it is looked at once more, as soon as ever.
    expect(probe.timing?.()).toEqual({ intervalMs: 5000, phaseMs: 1700 });
    await runOn(probe, host);
    expect(probe.timing?.()).toEqual({ intervalMs: 30_000, phaseMs: 1700 });
    fsyncProbeMinIntervalMs = 0;
    expect(probe.timing?.().intervalMs).toBe(5000);
  });

  it("is skipped when it is switched off, and before an etcd was found", async () => {
    const off = { ...TEST_CONFIG, fsyncProbe: { enabled: false, intervalMs: 5000 } };
    await expect(runOn(createFsyncProbe({ ...TEST_SETUP, config: off }), {})).rejects.toMatchObject({
      code: "NOT_APPLICABLE",
      reason: "disabled",
    });
    await expect(createFsyncProbe(TEST_SETUP).run(probeContext())).rejects.toMatchObject({
      code: "NOT_APPLICABLE",
      reason: "no_etcd",
    });
  });
});

describe("agent/probe/fsync on a real directory", () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "fsync-"));
    mkdirSync(join(directory, "member", "wal"), { recursive: true });
  });

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it("gives a time and leaves nothing behind", async () => {
    const seconds = await runOn(
      createFsyncProbe(TEST_SETUP),
      { readFilesystemUsage: () => Promise.resolve(usage(10 * GIB)) },
      { "data-dir": directory },
    );
    expect(seconds).toBeGreaterThan(0);
    expect(readdirSync(directory)).toEqual(["member"]);
    expect(readdirSync(join(directory, "member"))).toEqual(["wal"]);
  });

  it("says that there is no data directory", async () => {
    await expect(
      runOn(createFsyncProbe(TEST_SETUP), {}, { "data-dir": join(directory, "no") }),
    ).rejects.toMatchObject({
      code: "NOT_FOUND",
      reason: "not_found",
    });
  });
});
