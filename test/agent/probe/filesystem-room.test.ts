import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createFilesystemRoomProbe, markOf } from "../../../agent/probe/filesystem-room.ts";
import type { Observation } from "../../../agent/probe/probe.ts";
import type { FilesystemUsage } from "../../../agent/host/host-door.ts";
import { discoveredEtcd, probeContext, TEST_SETUP } from "./probe-context.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

function usage(availableBytes: number, rest: Partial<FilesystemUsage> = {}): FilesystemUsage {
  return { availableBytes, sizeBytes: 100 * GIB, files: 1000, filesFree: 900, ...rest };
}

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "filesystem-room-"));
  mkdirSync(join(directory, "member", "wal"), { recursive: true });
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe("agent/probe/filesystem-room", () => {
  it("looks at nothing before an etcd was found", () => {
    const { targets } = createFilesystemRoomProbe(TEST_SETUP);
    expect(targets?.(probeContext())).toEqual([]);
    expect(targets?.(probeContext({ discovered: discoveredEtcd({}) }))).toEqual([""]);
  });

  it("asks for the figures when room passes a mark, and only then", async () => {
    const seen: string[] = [];
    let now = usage(20 * GIB);
    const readFilesystemUsage = (path: string): Promise<FilesystemUsage> => {
      seen.push(path);
      return Promise.resolve(now);
    };
    const probe = createFilesystemRoomProbe(TEST_SETUP);
    const discovered = discoveredEtcd({ "data-dir": "/d" });
    const look = async (): Promise<unknown> =>
      await probe.run(probeContext({ discovered, host: { readFilesystemUsage } }));
    expect(await look()).toEqual({ trigger: ["filesystem"] });
    expect(await look()).toEqual({});
    now = usage(20 * GIB + MIB);
    expect(await look()).toEqual({});
    now = usage(0);
    expect(await look()).toEqual({ trigger: ["filesystem"] });
    expect(await look()).toEqual({});
    now = usage(20 * GIB);
    expect(await look()).toEqual({ trigger: ["filesystem"] });
    // The WAL is inside of the data directory: one look is enough.
    expect(new Set(seen)).toEqual(new Set(["/d"]));
  });

  it("leaves out every second tick while there is plenty, and none when there is not", async () => {
    let now = usage(80 * GIB);
    const host = { readFilesystemUsage: (): Promise<FilesystemUsage> => Promise.resolve(now) };
    const probe = createFilesystemRoomProbe(TEST_SETUP);
    const discovered = discoveredEtcd({ "data-dir": "/d" });
    const look = async (): Promise<Observation> => await probe.run(probeContext({ discovered, host }));
    expect((await look()).restMs).toBe(1500);
    now = usage(GIB);
    expect((await look()).restMs).toBeUndefined();
  });

  it("looks at a WAL that has a directory of its own too", async () => {
    const seen: string[] = [];
    const readFilesystemUsage = (path: string): Promise<FilesystemUsage> => {
      seen.push(path);
      return Promise.resolve(usage(GIB));
    };
    const discovered = discoveredEtcd({ "data-dir": "/d", "wal-dir": "/w" });
    await createFilesystemRoomProbe(TEST_SETUP).run(
      probeContext({ discovered, host: { readFilesystemUsage } }),
    );
    expect(seen).toEqual(["/d", "/w"]);
  });

  it("reads a real file system, and fails with the reason where there is none", async () => {
    const probe = createFilesystemRoomProbe(TEST_SETUP);
    const discovered = discoveredEtcd({ "data-dir": directory });
    expect(await probe.run(probeContext({ discovered }))).toMatchObject({ trigger: ["filesystem"] });
    const gone = discoveredEtcd({ "data-dir": "/nowhere/etcd" });
    await expect(probe.run(probeContext({ discovered: gone }))).rejects.toMatchObject({
      reason: "not_found",
    });
  });

  it("has a mark at what etcd needs to grow its file, at each percent of little room, and of few inodes", () => {
    expect(markOf(usage(16 * MIB))).not.toBe(markOf(usage(16 * MIB - 1)));
    expect(markOf(usage(10 * GIB))).not.toBe(markOf(usage(10 * GIB - 1)));
    expect(markOf(usage(90 * GIB))).toBe(markOf(usage(80 * GIB)));
    expect(markOf(usage(GIB, { filesFree: 10 }))).not.toBe(markOf(usage(GIB, { filesFree: 0 })));
    // btrfs counts no inodes.
    expect(markOf(usage(GIB, { files: 0, filesFree: 0 }))).toBe(markOf(usage(GIB)));
  });
});
