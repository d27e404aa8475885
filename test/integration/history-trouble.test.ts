/** What a collector does when its history cannot be written, or cannot be read: a real process, a real small disk, real streams. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openForReading } from "../../collector/history/database.ts";
import type { ClusterState } from "../../shared/rest.ts";
import { startBenchCollector, type BenchCollector } from "../bench/bench-collector.ts";
import { createFleetLoad, type FleetAgent, type FleetLoad } from "../bench/fleet-load.ts";
import { createTemplates, readRealFrames, RECORDED_NODES } from "../bench/real-frames.ts";
import { agentName, createAuthority, issue, LOOPBACK } from "../collector/ingest/test-pki.ts";
import { createDisk, type Disk } from "../lab/disk.ts";
import { httpGet } from "../lab/http-get.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { waitFor } from "../lab/wait-for.ts";

const CLUSTER = "bench-0";
const DISK_BYTES = 24 * 1024 * 1024;

let dir: string;
let agents: FleetAgent[];
let disk: Disk | undefined;
let collector: BenchCollector | undefined;
let load: FleetLoad | undefined;
let because = "";

beforeAll(async () => {
  dir = await createRunFolder();
  const pkiDir = join(dir, "pki");
  mkdirSync(pkiDir, { recursive: true });
  const authority = await createAuthority(pkiDir);
  await issue(authority, { name: "collector", names: LOOPBACK });
  agents = await Promise.all(
    RECORDED_NODES.map(async (node): Promise<FleetAgent> => {
      const frames = readRealFrames(node);
      const first = frames.findIndex(({ keyframe }) => keyframe);
      const tls = await issue(authority, { name: node, names: agentName(CLUSTER, node) });
      return { cluster: CLUSTER, node, tls, templates: createTemplates(frames.slice(first)) };
    }),
  );
  const found = await createDisk({ dir, name: "disk", sizeBytes: DISK_BYTES });
  if (found.kind === "unavailable") {
    ({ because } = found);
    return;
  }
  disk = found;
  collector = await startBenchCollector(dir, pkiDir, join(found.mountPoint, "history.db"));
});

afterAll(async () => {
  load?.close();
  await collector?.kill();
  await disk?.remove();
  await removeFolderWithMounts(dir);
});

async function readState(port: number): Promise<ClusterState> {
  const { status, body } = await httpGet({ port, socketPath: undefined }, `/api/v1/clusters/${CLUSTER}`);
  expect(status).toBe(200);
  return JSON.parse(body) as ClusterState;
}

async function isDegraded(port: number): Promise<boolean> {
  const { findings } = await readState(port);
  return findings.some(({ code, status }) => code === "COLLECTOR_DEGRADED" && status === "active");
}

function countKept(path: string): number {
  const db = openForReading(path);
  const kept = Number(db.prepare("SELECT coalesce(sum(last - first + 1), 0) FROM held_range").pluck().get());
  db.close();
  return kept;
}

describe("test/integration/history-trouble", () => {
  it("goes on live when its disk is full, acknowledges nothing that is not kept, and recovers by itself", async ({
    skip,
  }) => {
    if (disk === undefined || collector === undefined) {
      skip(because);
      return;
    }
    const { httpPort, historyPath } = collector;
    load = createFleetLoad(agents, collector.grpcPort);
    await load.connectAll(3);
    await waitFor("frames are kept", () => (load?.look().acknowledged ?? 0) > 3, { timeoutMs: 20_000 });
    expect(await isDegraded(httpPort)).toBe(false);
    const pid = collector.pid();

    await disk.fill();
    await waitFor("the full disk is told", () => isDegraded(httpPort), { timeoutMs: 30_000 });
    const { acknowledged } = load.look();
    const { at } = await readState(httpPort);
    await waitFor("agents go on sending", () => (load?.look().sent ?? 0) > acknowledged + 9, {
      timeoutMs: 20_000,
    });
    const state = await readState(httpPort);
    expect(state.at > at).toBe(true);
    expect(state.members.map((member) => member.agent.state)).toEqual(["online", "online", "online"]);
    expect(load.look().acknowledged).toBe(acknowledged);

    disk.free();
    await waitFor("it is over", async () => !(await isDegraded(httpPort)), { timeoutMs: 60_000 });
    load.stopSending();
    await waitFor("what waited is acknowledged", () => load?.look().acknowledged === load?.look().sent, {
      timeoutMs: 30_000,
    });
    expect(load.problems()).toEqual([]);
    expect(collector.pid()).toBe(pid);
    expect(countKept(historyPath)).toBe(load.look().sent);
  });

  it("puts a file of garbage aside, says so, and begins a new history", async ({ skip }) => {
    if (disk === undefined || collector === undefined) {
      skip(because);
      return;
    }
    const { historyPath, httpPort } = collector;
    load?.close();
    await collector.stop();
    for (const end of ["-wal", "-shm"]) {
      rmSync(`${historyPath}${end}`, { force: true });
    }
    writeFileSync(historyPath, Buffer.alloc(65_536, "no database "));
    await collector.start();
    const aside = readdirSync(disk.mountPoint).filter((name) => name.startsWith("history.db.damaged-"));
    expect(aside).toHaveLength(1);
    load = createFleetLoad(agents, collector.grpcPort);
    await load.connectAll(3);
    await waitFor("frames are kept again", () => (load?.look().acknowledged ?? 0) > 3, { timeoutMs: 20_000 });
    await waitFor("it is told", () => isDegraded(httpPort), { timeoutMs: 20_000 });
    load.stopSending();
    await waitFor("all are acknowledged", () => load?.look().acknowledged === load?.look().sent, {
      timeoutMs: 20_000,
    });
    expect(countKept(historyPath)).toBe(load.look().sent);
  });
});
