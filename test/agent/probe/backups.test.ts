import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { createBackupsProbe } from "../../../agent/probe/backups.ts";
import type { Observation, Probe } from "../../../agent/probe/probe.ts";
import { systemClock } from "../../../shared/clock.ts";
import { BackupCheck } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { probeContext, TEST_CONFIG, TEST_SETUP } from "./probe-context.ts";
import { readSnapshot } from "./snapshot-fixture.ts";

const WHOLE = readSnapshot("3.5.16");
const HOUR_S = 3600;

describe("agent/probe/backups", () => {
  let dir: string;
  let probe: Probe;
  let readBytes: number;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "backups-"));
    const config = { ...TEST_CONFIG, backups: { dir, maxAgeMs: 93_600_000 } };
    probe = createBackupsProbe({ ...TEST_SETUP, config });
    readBytes = 0;
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  function save(name: string, bytes: Buffer, ageS: number): void {
    const path = join(dir, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    const atS = Date.now() / 1000 - ageS;
    utimesSync(path, atS, atS);
  }

  async function look(): Promise<Observation> {
    const real = createLinuxHost({ clock: systemClock });
    const readFileInto: typeof real.readFileInto = async (path, from, signal) => {
      const read = await real.readFileInto(path, from, signal);
      readBytes += read;
      return read;
    };
    return await probe.run(probeContext({ host: { readFileInto } }));
  }

  /** Runs as often as it asks for. */
  async function settle(): Promise<Observation> {
    for (let runs = 0; runs < 50; runs += 1) {
      const observation = await look();
      if (observation.againMs === undefined) {
        return observation;
      }
    }
    throw new Error("It asked for more than 50 runs");
  }

  function told({ facts }: Observation): readonly unknown[] {
    const body = facts?.[0]?.body;
    return body?.case === "backups" ? body.value.newest.map(({ name, check }) => [name, check]) : [];
  }

  it("tells good snapshots from cut off and changed ones, the newest first", async () => {
    const flipped = Buffer.from(WHOLE);
    flipped.writeUInt8(flipped.readUInt8(9000) ^ 1, 9000);
    save("good.db", WHOLE, 4 * HOUR_S);
    save("2026/older.db", WHOLE, 5 * HOUR_S);
    save("cut.db", WHOLE.subarray(0, 9000), 2 * HOUR_S);
    save("flipped.db", flipped, HOUR_S);
    save("good.db.part", WHOLE, 10);
    expect(told(await settle())).toEqual([
      ["flipped.db", BackupCheck.HASH_MISMATCH],
      ["cut.db", BackupCheck.TRUNCATED],
      ["good.db", BackupCheck.VALID],
      ["2026/older.db", BackupCheck.VALID],
    ]);
  });

  it("reads each file once, and no more than it takes to know two good ones", async () => {
    ["one", "two", "three"].forEach((name, index) => save(name, WHOLE, (index + 1) * HOUR_S));
    const first = await settle();
    expect(told(first).map((one) => (one as readonly unknown[])[1])).toEqual([
      BackupCheck.VALID,
      BackupCheck.VALID,
      BackupCheck.UNKNOWN,
    ]);
    const afterFirst = readBytes;
    await settle();
    expect(readBytes).toBe(afterFirst);
  });

  it("hashes a large file over several runs", async () => {
    const large = Buffer.concat([WHOLE.subarray(0, -32), Buffer.alloc(40 * 1024 * 1024), Buffer.alloc(32)]);
    save("large.db", large, HOUR_S);
    const first = await look();
    expect(first.againMs).toBeGreaterThan(0);
    expect(readBytes).toBeLessThan(34 * 1024 * 1024);
    expect(told(await settle())).toEqual([["large.db", BackupCheck.HASH_MISMATCH]]);
  });

  it("leaves one alone that may still be written, and one that it cannot read into", async () => {
    save("young.db", WHOLE.subarray(0, 8192), 5);
    save("packed.db.gz", WHOLE, HOUR_S);
    expect(told(await settle())).toEqual([
      ["young.db", BackupCheck.UNKNOWN],
      ["packed.db.gz", BackupCheck.UNKNOWN],
    ]);
    expect(readBytes).toBe(0);
  });

  it("says that nothing is there, and looks nowhere when it is told of no directory", async () => {
    rmSync(dir, { recursive: true });
    expect((await look()).facts?.[0]?.body.value).toMatchObject({ directory: dir, count: 0, problem: "" });
    expect(createBackupsProbe(TEST_SETUP).targets?.(probeContext())).toEqual([]);
  });
});
