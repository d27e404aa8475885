import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createEtcdFilesProbe } from "../../../agent/probe/etcd-files.ts";
import { createManualClock } from "../manual-clock.ts";
import { discoveredEtcd, probeContext } from "./probe-context.ts";

describe("agent/probe/etcd-files", () => {
  const clock = createManualClock();
  let directory = "";

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "etcd-files-"));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  function put(path: string, bytes: number, ageSeconds: number): void {
    const file = join(directory, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, Buffer.alloc(bytes));
    utimesSync(file, clock.nowMs() / 1000 - ageSeconds, clock.nowMs() / 1000 - ageSeconds);
  }

  async function look(
    given: Readonly<Record<string, string>>,
  ): Promise<{ groups: unknown; values: unknown }> {
    const discovered = discoveredEtcd({ "data-dir": join(directory, "data"), ...given });
    const { facts, samples = [] } = await createEtcdFilesProbe().run(probeContext({ clock, discovered }));
    const body = facts?.[0]?.body;
    return {
      groups:
        body?.case === "etcdFiles"
          ? body.value.groups.map(({ kind, count, missingNumber }) => `${kind} ${count} ${missingNumber}`)
          : undefined,
      values: Object.fromEntries(samples.map(({ key, value }) => [key, value])),
    };
  }

  const WAL = ["0000000000000001-0000000000000100.wal", "0000000000000003-0000000000000300.wal"] as const;

  it("counts what lies in the member directory, with the hole in the WAL", async () => {
    put(`data/member/wal/${WAL[0]}`, 100, 500);
    put(`data/member/wal/${WAL[1]}`, 50, 20);
    put("data/member/snap/db", 4096, 1);
    put("data/member/snap/unknown", 1, 1);
    const { groups, values } = await look({});
    expect(groups).toEqual(["wal 2 2", "db 1 0"]);
    expect(values).toEqual({
      'etcdscope_etcd_files{kind="wal"}': 2,
      'etcdscope_etcd_files_bytes{kind="wal"}': 150,
      'etcdscope_etcd_files_newest_age_seconds{kind="wal"}': 20,
      'etcdscope_etcd_files{kind="db"}': 1,
      'etcdscope_etcd_files_bytes{kind="db"}': 4096,
      'etcdscope_etcd_files_newest_age_seconds{kind="db"}': 1,
    });
  });

  it("looks into a WAL directory of its own as well, and not twice into one inside", async () => {
    put("data/member/snap/db", 4096, 1);
    put(`wal/${WAL[0]}`, 100, 500);
    expect((await look({ "wal-dir": join(directory, "wal") })).groups).toEqual(["wal 1 0", "db 1 0"]);
    put(`data/member/wal/${WAL[0]}`, 100, 500);
    expect((await look({ "wal-dir": join(directory, "data/member/wal") })).groups).toEqual([
      "wal 1 0",
      "db 1 0",
    ]);
  });

  it("fails with the reason when there is no such directory", async () => {
    await expect(look({})).rejects.toMatchObject({ reason: "not_found" });
  });
});
