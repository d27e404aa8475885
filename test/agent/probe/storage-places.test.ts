import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FileFacts } from "../../../agent/host/host-door.ts";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { createStoragePlacesProbe } from "../../../agent/probe/storage-places.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { systemClock } from "../../../shared/clock.ts";
import { Layer } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { discoveredEtcd, probeContext, TEST_CONFIG, TEST_SETUP } from "./probe-context.ts";

const MOUNTS = `27 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
28 27 8:16 / /var/lib/etcd rw,relatime - xfs /dev/sdb rw
29 27 0:50 / /var/log rw - tmpfs tmpfs rw
`;
const DISKS = `   8       0 sda 1 0 8 1 1 0 8 1 0 1 2
   8       1 sda1 1 0 8 1 1 0 8 1 0 1 2
   8      16 sdb 1 0 8 1 1 0 8 1 0 1 2
`;
const SETUP = {
  ...TEST_SETUP,
  config: { ...TEST_CONFIG, spool: { ...TEST_CONFIG.spool, dir: "/var/lib/etcdscope-agent" } },
};

describe("agent/probe/storage-places", () => {
  let directory = "";

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "places-"));
    mkdirSync(join(directory, "proc/1"), { recursive: true });
    writeFileSync(join(directory, "proc/1/mountinfo"), MOUNTS);
    writeFileSync(join(directory, "proc/diskstats"), DISKS);
    mkdirSync(join(directory, "sys/class/block"), { recursive: true });
    for (const [name, rotational] of [
      ["sda", "1"],
      ["sdb", "0"],
    ] as const) {
      mkdirSync(join(directory, "sys/devices", name, "queue"), { recursive: true });
      writeFileSync(join(directory, "sys/devices", name, "queue/rotational"), `${rotational}\n`);
      symlinkSync(join(directory, "sys/devices", name), join(directory, "sys/class/block", name));
    }
    mkdirSync(join(directory, "sys/devices/sda/sda1"));
    writeFileSync(join(directory, "sys/devices/sda/sda1/partition"), "1\n");
    symlinkSync(join(directory, "sys/devices/sda/sda1"), join(directory, "sys/class/block/sda1"));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  async function look(devices: Readonly<Record<string, string>>, otherwise = "not_found"): Promise<unknown> {
    const host = {
      ...createLinuxHost({
        clock: systemClock,
        procRoot: join(directory, "proc"),
        sysRoot: join(directory, "sys"),
      }),
      readDirectoryFacts: (path: string) =>
        devices[path] === undefined
          ? Promise.reject(new EtcdscopeError("NOT_FOUND", path, { reason: otherwise }))
          : Promise.resolve({ device: devices[path] } as FileFacts),
    };
    const discovered = discoveredEtcd({ "data-dir": "/var/lib/etcd" });
    const { facts, restMs } = await createStoragePlacesProbe(SETUP).run(probeContext({ discovered, host }));
    const body = facts?.[0]?.body;
    expect(restMs).toBe(600_000);
    return body?.case === "storagePlaces"
      ? body.value.places.map((one) =>
          [one.role, one.path, one.mountPoint, one.disk, one.solidState].join(" "),
        )
      : undefined;
  }

  it("tells the disk beneath each place, of the places of one role the first that is there", async () => {
    const { OK, FAILED, UNSPECIFIED } = Layer;
    expect(
      await look({
        "/var/lib/etcd": "8:16",
        "/var/lib/etcd/member/wal": "8:16",
        "/var/lib/docker": "8:1",
        "/var/lib/containers/storage": "8:1",
        "/var/log": "0:50",
        "/var/lib/etcdscope-agent": "8:1",
      }),
    ).toEqual([
      `data /var/lib/etcd /var/lib/etcd sdb ${OK}`,
      `wal /var/lib/etcd/member/wal /var/lib/etcd sdb ${OK}`,
      `images /var/lib/docker / sda ${FAILED}`,
      `logs /var/log /var/log  ${UNSPECIFIED}`,
      `spool /var/lib/etcdscope-agent / sda ${FAILED}`,
    ]);
  });

  it("leaves out what is not there, and fails of what may not be looked at", async () => {
    expect(await look({})).toEqual([]);
    await expect(look({}, "permission_denied")).rejects.toMatchObject({ reason: "permission_denied" });
  });
});
