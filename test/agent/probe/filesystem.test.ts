import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { FileFacts } from "../../../agent/host/host-door.ts";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { createDiskProbe } from "../../../agent/probe/disk.ts";
import { createFilesystemProbe } from "../../../agent/probe/filesystem.ts";
import { systemClock } from "../../../shared/clock.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import type { FilesystemFact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Observation } from "../../../agent/probe/probe.ts";
import { discoveredEtcd, probeContext } from "./probe-context.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "filesystem-"));
  mkdirSync(join(directory, "real", "member", "wal"), { recursive: true });
  symlinkSync(join(directory, "real"), join(directory, "link"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function mountPointOf(path: string): string {
  return execFileSync("findmnt", ["-n", "-o", "TARGET", "-T", path], { encoding: "utf8" }).trim();
}

describe("agent/probe/filesystem", () => {
  it("looks at both directories once an etcd was found", () => {
    const { targets } = createFilesystemProbe();
    expect(targets?.(probeContext())).toEqual([]);
    expect(targets?.(probeContext({ discovered: discoveredEtcd({}) }))).toEqual(["data", "wal"]);
  });

  it("gives room and mount of a directory that is a symbolic link", async () => {
    const discovered = discoveredEtcd({ "data-dir": join(directory, "link") });
    const observation = await createFilesystemProbe().run(probeContext({ discovered, target: "data" }));
    expect(observation.facts?.[0]?.key).toBe("filesystem/data");
    const fact = observation.facts?.[0]?.body.value as FilesystemFact;
    expect(fact).toMatchObject({
      role: "data",
      path: join(directory, "link"),
      mountPoint: mountPointOf(directory),
      readOnly: false,
      problem: "",
    });
    expect(observation.samples?.map(({ key }) => key)).toEqual([
      'node_filesystem_size_bytes{role="data"}',
      'node_filesystem_avail_bytes{role="data"}',
      'node_filesystem_files{role="data"}',
      'node_filesystem_files_free{role="data"}',
    ]);
  });

  // Mounts as Linux 6.18 shows them, the first two within and outside of `unshare -m` after `mount -o remount,bind,ro /`.
  it("asks etcd's own mounts, or the machine's, whether they are read-only, never the agent's", async () => {
    const READ_ONLY = "44 43 254:0 / / ro,relatime - ext4 /dev/vda rw,discard\n";
    const WRITABLE = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n";
    const BOUND_FOR_AGENT = `${READ_ONLY}45 44 254:0 /data /data rw,relatime - ext4 /dev/vda rw,discard\n`;
    const IN_CONTAINER = `${READ_ONLY}50 44 254:0 /data/etcd /etcd rw,relatime - ext4 /dev/vda rw,discard\n`;
    const BROKEN = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,errors=remount-ro,emergency_ro\n";
    async function f(
      by: { readonly self: string; readonly "1"?: string; readonly "812"?: string },
      want: Partial<FilesystemFact>,
      dataDir = "/data/etcd",
    ): Promise<void> {
      const procRoot = join(directory, "proc");
      rmSync(procRoot, { recursive: true, force: true });
      for (const [pid, text] of Object.entries(by)) {
        mkdirSync(join(procRoot, pid), { recursive: true });
        writeFileSync(join(procRoot, pid, "mountinfo"), text);
      }
      const facts = { device: "254:0" } as FileFacts;
      const host = {
        ...createLinuxHost({ clock: systemClock, procRoot }),
        readDirectoryFacts: () => Promise.resolve(facts),
        readFilesystemUsage: () =>
          Promise.resolve({ sizeBytes: 1, availableBytes: 1, files: 1, filesFree: 1 }),
      };
      const discovered = {
        ...discoveredEtcd({ "data-dir": dataDir }),
        pid: by["812"] === undefined ? undefined : 812,
        hostPaths: { [dataDir]: "/data/etcd" },
      };
      const { facts: told } = await createFilesystemProbe().run(
        probeContext({ discovered, target: "data", host }),
      );
      expect(told?.[0]?.body.value).toMatchObject({ mountPoint: "/", type: "ext4", ...want });
    }
    const not = { readOnly: false, readOnlyOption: "" };
    const itIs = { readOnly: true, readOnlyOption: "ro" };
    await f({ self: READ_ONLY, "1": WRITABLE, "812": WRITABLE }, not);
    await f({ self: WRITABLE, "1": WRITABLE, "812": READ_ONLY }, itIs);
    await f({ self: READ_ONLY, "1": READ_ONLY, "812": IN_CONTAINER }, not, "/etcd");
    // Where etcd does not run, the machine's; where those may not be seen, nobody can say.
    await f({ self: READ_ONLY, "1": WRITABLE }, not);
    await f({ self: READ_ONLY, "1": READ_ONLY }, itIs);
    await f({ self: READ_ONLY }, not);
    // What the unit binds for the agent is no mount of the machine.
    await f({ self: BOUND_FOR_AGENT, "1": WRITABLE }, { mountPoint: "/" });
    // An error's end of writing is everybody's, whoever looks.
    await f({ self: BROKEN }, { readOnly: true, readOnlyOption: "emergency_ro" });
    await f({ self: READ_ONLY, "1": BROKEN, "812": BROKEN }, { readOnlyOption: "emergency_ro" });
  });

  it("looks where etcd would make its directory, when it has never run here", async () => {
    const given = { "data-dir": join(directory, "not", "yet") };
    const discovered = discoveredEtcd(given, {
      pid: undefined,
      configuredBy: "/etc/systemd/system/etcd.service",
    });
    const look = async (rest: object): Promise<Observation> =>
      await createFilesystemProbe().run(
        probeContext({ discovered: { ...discovered, ...rest }, target: "data" }),
      );
    const observation = await look({});
    expect(observation.facts?.[0]?.body.value).toMatchObject({
      path: join(directory, "not", "yet"),
      mountPoint: mountPointOf(directory),
    });
    expect(observation.samples).toHaveLength(4);
    // Only a container has it: what lies above it is none of etcd's.
    await expect(look({ rootPrefix: "/proc/0/root" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("fails with the reason when the directory is not there", async () => {
    const discovered = discoveredEtcd({ "data-dir": "/nowhere/etcd" });
    await expect(
      createFilesystemProbe().run(probeContext({ discovered, target: "wal" })),
    ).rejects.toMatchObject({
      reason: "not_found",
    });
  });
});

describe("agent/probe/disk", () => {
  const DISK = {
    device: "8:1",
    name: "sda1",
    readsCompleted: 1,
    readBytes: 2,
    readSeconds: 3,
    writesCompleted: 4,
    writtenBytes: 5,
    writeSeconds: 6,
    ioNow: 7,
    ioSeconds: 8,
  };
  const MOUNT = {
    device: "8:1",
    root: "/",
    mountPoint: "/",
    type: "ext4",
    source: "/dev/sda1",
    readOnly: false,
    filesystemReadOnly: "",
  };
  const FACTS = {
    kind: "directory",
    inode: 1,
    device: "8:1",
    sizeBytes: 0,
    mode: 0o700,
    uid: 0,
    gid: 0,
    modifiedAtMs: 0,
  } as const;
  const host = {
    readDirectoryFacts: () => Promise.resolve(FACTS),
    readMounts: () => [MOUNT],
    readDiskStats: () => [{ ...DISK, device: "8:2", name: "other" }, DISK],
  };
  const discovered = discoveredEtcd({ "data-dir": "/d" });

  it("gives the counters of the device that holds the directories, once", async () => {
    const { samples } = await createDiskProbe().run(probeContext({ discovered, host }));
    expect(samples).toHaveLength(8);
    expect(samples).toContainEqual({ key: 'node_disk_write_time_seconds_total{device="sda1"}', value: 6 });
  });

  it("goes on with the device that it knows while the file system hangs", async () => {
    const probe = createDiskProbe();
    await probe.run(probeContext({ discovered, host }));
    const hung = {
      ...host,
      readDirectoryFacts: () =>
        Promise.reject(new EtcdscopeError("TIMED_OUT", "It hangs", { reason: "hung" })),
    };
    const moved = discoveredEtcd({ "data-dir": "/e" });
    expect((await probe.run(probeContext({ discovered: moved, host: hung }))).samples).toHaveLength(8);
    await expect(createDiskProbe().run(probeContext({ discovered, host: hung }))).rejects.toMatchObject({
      code: "TIMED_OUT",
    });
  });

  it("is skipped where there is no block device", async () => {
    const overlay = { ...host, readMounts: () => [{ ...MOUNT, device: "0:50", source: "overlay" }] };
    await expect(createDiskProbe().run(probeContext({ discovered, host: overlay }))).rejects.toMatchObject({
      code: "NOT_APPLICABLE",
      reason: "no_block_device",
    });
  });
});
