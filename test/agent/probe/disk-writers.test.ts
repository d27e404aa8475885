import { closeSync, fsyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import type { DiskStat } from "../../../agent/host/parse-diskstats.ts";
import { DiskWriters } from "../../../agent/probe/disk-writers.ts";
import { systemClock } from "../../../shared/clock.ts";

function stat(rest: Partial<DiskStat>): DiskStat {
  const zero = { readsCompleted: 0, readBytes: 0, readSeconds: 0, ioNow: 0 };
  return {
    device: "8:0",
    name: "sda",
    ...zero,
    writesCompleted: 0,
    writtenBytes: 0,
    writeSeconds: 0,
    ioSeconds: 0,
    ...rest,
  };
}

const IDLE = stat({});
const BUSY = stat({ writesCompleted: 100, writtenBytes: 1e6, writeSeconds: 10, ioSeconds: 9 });
const BUSY_AGAIN = stat({ writesCompleted: 200, writtenBytes: 61e6, writeSeconds: 20, ioSeconds: 18 });

describe("agent/probe/disk-writers", () => {
  const host = {
    ...createLinuxHost({ clock: systemClock }),
    listProcessIds: () => [1, 800, 900, 901],
    findProcessName: (pid: number) => (pid === 900 ? "tar" : "sh"),
  };

  it("looks at nobody while the device is idle", () => {
    const writers = new DiskWriters();
    const forbidden = {
      ...host,
      listProcessIds: () => {
        throw new Error("Expected no look");
      },
    };
    for (const nowUs of [0, 10e6, 20e6]) {
      expect(writers.update(IDLE, { host: forbidden, pid: 800, nowUs })).toMatchObject({
        facts: [],
        removedFacts: ["disk_writers"],
      });
    }
  });

  it("names others by what they wrote between two looks, the most first, and etcd apart", () => {
    const written = new Map([
      [1, 0],
      [800, 1000],
      [900, 5000],
    ]);
    const seen = { ...host, findWrittenBytes: (pid: number) => written.get(pid) };
    const writers = new DiskWriters();
    writers.update(IDLE, { host: seen, pid: 800, nowUs: 0 });
    expect(writers.update(BUSY, { host: seen, pid: 800, nowUs: 10e6 }).isLooking).toBe(true);
    written.set(800, 2_001_000).set(900, 40_005_000).set(901, 4_000_000);
    const { facts } = writers.update(BUSY_AGAIN, { host: seen, pid: 800, nowUs: 12e6 });
    expect(facts[0]?.body.value).toMatchObject({
      device: "sda",
      deviceBytesPerSecond: 30_000_000n,
      etcdBytesPerSecond: 1_000_000n,
      writers: [
        { pid: 900, name: "tar", bytesPerSecond: 20_000_000n },
        { pid: 901, name: "sh", bytesPerSecond: 2_000_000n },
      ],
    });
    const calm = writers.update(BUSY_AGAIN, { host: seen, pid: 800, nowUs: 22e6 });
    expect(calm).toMatchObject({ facts: [], removedFacts: ["disk_writers"] });
  });

  it("sees a real process write", () => {
    const cache = join(import.meta.dirname, "../../../.cache");
    mkdirSync(cache, { recursive: true });
    const folder = mkdtempSync(join(cache, "writers-"));
    try {
      const real = createLinuxHost({ clock: systemClock });
      const writers = new DiskWriters();
      writers.update(IDLE, { host: real, pid: undefined, nowUs: 0 });
      writers.update(BUSY, { host: real, pid: undefined, nowUs: 10e6 });
      const before = real.findWrittenBytes(process.pid) ?? 0;
      const file = openSync(join(folder, "block"), "w");
      writeSync(file, Buffer.alloc(8 * 1024 * 1024, 1));
      fsyncSync(file);
      closeSync(file);
      expect(real.findWrittenBytes(process.pid)).toBeGreaterThanOrEqual(before + 8 * 1024 * 1024);
      const { facts } = writers.update(BUSY_AGAIN, { host: real, pid: process.pid, nowUs: 11e6 });
      const body = facts[0]?.body;
      expect(body?.case === "diskWriters" ? body.value.etcdBytesPerSecond : 0n).toBeGreaterThanOrEqual(
        8n * 1024n * 1024n,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
