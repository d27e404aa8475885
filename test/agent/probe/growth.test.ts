import { describe, expect, it } from "vitest";
import { createGrowthProbe } from "../../../agent/probe/growth.ts";
import { createManualClock } from "../manual-clock.ts";
import { fakeEtcd, HEALTHY_STATUS } from "./fake-etcd.ts";
import { discoveredEtcd, probeContext } from "./probe-context.ts";

const MINUTE_MS = 60_000;
const MIB = 1024 * 1024;

describe("agent/probe/growth", () => {
  it("tells after two hours how fast the database and its disks grow, and forgets when it is another etcd", async () => {
    const clock = createManualClock();
    const probe = createGrowthProbe();
    let minutes = 0;
    const look = async (dataDir: string): Promise<Readonly<Record<string, number>>> => {
      minutes += 1;
      await clock.advance(MINUTE_MS);
      const host = {
        // The WAL's disk keeps as it is.
        readFilesystemUsage: (path: string) =>
          Promise.resolve({
            sizeBytes: 1e12,
            availableBytes: path === dataDir ? 9e11 - minutes * 6 * MIB : 9e11,
            files: 1,
            filesFree: 1,
          }),
      };
      const status = { ...HEALTHY_STATUS, dbSizeInUseBytes: BigInt(minutes * 3 * MIB) };
      const etcd = fakeEtcd({ ownStatus: () => Promise.resolve(status) });
      const discovered = discoveredEtcd({ "data-dir": dataDir });
      const { samples = [] } = await probe.run(probeContext({ clock, host, etcd, discovered }));
      return Object.fromEntries(samples.map(({ key, value }) => [key, value]));
    };
    while (minutes < 119) {
      expect(await look("/d")).toEqual({});
    }
    while (minutes < 150) {
      await look("/d");
    }
    const told = await look("/d");
    expect(told['etcdscope_growth_bytes_per_second{what="db"}']).toBeCloseTo((3 * MIB) / 60);
    expect(told['etcdscope_growth_bytes_per_second{what="data"}']).toBeCloseTo((6 * MIB) / 60);
    expect(told['etcdscope_growth_bytes_per_second{what="wal"}']).toBe(0);
    expect(told['etcdscope_growth_window_seconds{what="db"}']).toBeGreaterThanOrEqual(6600);
    expect(await look("/other")).toEqual({});
  });

  it("needs an etcd", async () => {
    await expect(createGrowthProbe().run(probeContext())).rejects.toMatchObject({ reason: "no_etcd" });
  });
});
