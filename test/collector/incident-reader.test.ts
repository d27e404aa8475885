/** What an incident's page knows of changes that this collector did not see happen: from a real history. */
import { create } from "@bufbuild/protobuf";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createHistory, type History } from "../../collector/history/history.ts";
import { createIncidentReader } from "../../collector/incident-reader.ts";
import { createNoteTaker } from "../../collector/note-taker.ts";
import { foldCluster } from "../../collector/view/fold.ts";
import type { ClusterFrames } from "../../collector/view/node-state.ts";
import type { Frame, ReceivedFrame } from "../../shared/frame.ts";
import {
  CertificateFactSchema,
  EventSchema,
  FactSchema,
  FlagsFactSchema,
  ProcessFactSchema,
  ProcessState,
  StatusFactSchema,
  type Fact,
} from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { IncidentRecord } from "../../shared/incident-record.ts";
import { createManualClock } from "../agent/manual-clock.ts";
import { createTestLog } from "./ingest/test-frames.ts";

const START_MS = Date.parse("2026-11-22T03:00:00.000Z");
const MINUTE_MS = 60_000;
const CLUSTER = "prod-a";

interface Etcd {
  readonly heartbeat: string;
  readonly version: string;
  readonly certificate: string;
}

const OLD: Etcd = { heartbeat: "100", version: "3.5.29", certificate: "aa" };
const NEW: Etcd = { heartbeat: "500", version: "3.5.30", certificate: "bb" };
const CHANGES = [
  "--heartbeat-interval: 100 → 500",
  "etcd version: 3.5.29 → 3.5.30",
  "server certificate /pki/server.crt replaced: valid until 2030-01-01 00:00, was 2030-01-01 00:00",
];

function factsOf({ heartbeat, version, certificate }: Etcd): readonly Fact[] {
  const flags = create(FlagsFactSchema, {
    name: "m1",
    flags: { "heartbeat-interval": heartbeat },
    given: ["heartbeat-interval"],
  });
  const status = create(StatusFactSchema, { version, own: true });
  const server = create(CertificateFactSchema, {
    role: "server",
    path: "/pki/server.crt",
    notAfterUnixMs: BigInt(Date.parse("2030-01-01T00:00:00Z")),
    fingerprintSha256: certificate,
  });
  return [
    create(FactSchema, { key: "flags", body: { case: "flags", value: flags } }),
    create(FactSchema, { key: "status/m1", body: { case: "status", value: status } }),
    create(FactSchema, { key: "certificate/server", body: { case: "certificate", value: server } }),
  ];
}

function processFact(pid: number): Fact {
  const startedAtUnixMs = BigInt(START_MS + pid);
  const value = create(ProcessFactSchema, { pid, state: ProcessState.RUNNING, startedAtUnixMs });
  return create(FactSchema, { key: "process", body: { case: "process", value } });
}

/** A frame of m1, captured so many minutes after the start; it came when it was captured, or later. */
function frameAt(
  minutes: number,
  facts: readonly Fact[],
  other: { readonly cameAt?: number; readonly frame?: Partial<Frame> } = {},
): ReceivedFrame {
  return {
    agent: { cluster: CLUSTER, node: "m1" },
    instanceId: "m1-1",
    agentVersion: "0.1.0",
    receivedAtMs: START_MS + (other.cameAt ?? minutes) * MINUTE_MS,
    frame: {
      sequence: BigInt(minutes + 1),
      capturedAtMs: START_MS + minutes * MINUTE_MS,
      monotonicUs: minutes * MINUTE_MS * 1000,
      keyframe: true,
      samples: [],
      facts,
      events: [],
      probeRuns: [],
      droppedTotal: 0n,
      clockOffset: { offsetUs: 0, roundTripUs: 400 },
      ...other.frame,
    },
  };
}

async function openHistory(): Promise<History> {
  const folder = mkdtempSync(join(tmpdir(), "etcdscope-incident-"));
  const history = createHistory({
    path: join(folder, "history.db"),
    rawMs: 1e12,
    maxBytes: 1e12,
    clock: createManualClock(START_MS),
    log: createTestLog(),
  });
  onTestFinished(async () => {
    await history.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await history.start();
  return history;
}

/** One run of a collector, which begins with nothing in view: takes the frames in the order in which they come. */
async function runCollector(history: History, frames: readonly ReceivedFrame[]): Promise<void> {
  const saved: Promise<void>[] = [];
  const notes = createNoteTaker({
    save: (cluster, taken) => {
      saved.push(history.saveNotes(cluster, taken));
      return Promise.resolve();
    },
    clock: createManualClock(START_MS),
    log: createTestLog(),
  });
  let view: ClusterFrames = { cluster: CLUSTER, nodes: new Map() };
  for (const received of frames) {
    await history.append([received]);
    const before = view.nodes.get("m1");
    view = foldCluster(view, received);
    notes.take(before, view.nodes.get("m1")!, received.frame);
    await Promise.all(saved.splice(0));
    notes.flush();
  }
  await Promise.all(saved);
}

function createReader(history: History) {
  const record: IncidentRecord = {
    id: "1",
    cluster: CLUSTER,
    kind: "fault",
    status: "open",
    severity: "critical",
    openedMs: START_MS + 40 * MINUTE_MS,
    resolvedMs: null,
    findings: [],
    leftOut: 0,
    lookedMs: START_MS + 40 * MINUTE_MS,
    joinedMs: START_MS + 40 * MINUTE_MS,
    reopened: 0,
    impact: { noWrites: [], leaderless: [], away: {}, unseen: [] },
  };
  return createIncidentReader({
    history,
    clock: createManualClock(START_MS + 41 * MINUTE_MS),
    find: () => undefined,
    live: () => [record],
  });
}

function allAt(time: string): readonly string[] {
  return CHANGES.map((text) => `${time} ${text}`);
}

async function changesBefore(history: History): Promise<readonly string[]> {
  const incident = await createReader(history).find(CLUSTER, "1");
  return incident?.changesBefore.map(({ at, text }) => `${at.slice(11, 16)} ${text.en}`).toSorted() ?? [];
}

describe("collector/incident-reader", { timeout: 30_000 }, () => {
  it("knows what changed while no collector ran and came from the agent's spool afterwards", async () => {
    const history = await openHistory();
    await runCollector(history, [frameAt(0, factsOf(OLD))]);
    // What is new comes first; what was kept, beside it.
    const kept = [1, 10, 20, 29].map((minute) =>
      frameAt(minute, factsOf(minute < 20 ? OLD : NEW), { cameAt: 30 }),
    );
    await runCollector(history, [frameAt(30, factsOf(NEW)), ...kept]);
    expect(await changesBefore(history)).toEqual(allAt("03:20"));
    const span = { fromMs: START_MS, toMs: START_MS + 30 * MINUTE_MS };
    const asked = await createReader(history).notes(CLUSTER, "change", span);
    expect(asked.map(({ text }) => text.en).toSorted()).toEqual(CHANGES);
  });

  it("knows what changed then also where the node fell silent before its newest frame came", async () => {
    const history = await openHistory();
    await runCollector(history, [frameAt(0, factsOf(OLD))]);
    await runCollector(history, [
      frameAt(10, factsOf(OLD), { cameAt: 30 }),
      frameAt(20, factsOf(NEW), { cameAt: 30 }),
    ]);
    expect(await changesBefore(history)).toEqual(allAt("03:20"));
  });

  it("tells once what the collector saw change", async () => {
    const history = await openHistory();
    await runCollector(history, [frameAt(0, factsOf(OLD)), frameAt(20, factsOf(NEW))]);
    expect(await changesBefore(history)).toEqual(allAt("03:20"));
  });

  it("tells what it saw when the agent had found it again once, at the time at which it happened", async () => {
    const history = await openHistory();
    await runCollector(history, [
      frameAt(0, factsOf(OLD)),
      frameAt(30, factsOf(NEW)),
      frameAt(10, factsOf(OLD), { cameAt: 30 }),
      frameAt(20, factsOf(NEW), { cameAt: 30 }),
    ]);
    expect(await changesBefore(history)).toEqual(allAt("03:20"));
    const span = { fromMs: START_MS, toMs: START_MS + 40 * MINUTE_MS };
    expect(await createReader(history).notes(CLUSTER, "change", span)).toHaveLength(3);
  });

  it("counts among them what it saw when the agent had found it again after the incident had opened", async () => {
    const history = await openHistory();
    await runCollector(history, [
      frameAt(0, factsOf(OLD)),
      frameAt(41, factsOf(NEW)),
      frameAt(20, factsOf(NEW), { cameAt: 41 }),
    ]);
    const incident = await createReader(history).find(CLUSTER, "1");
    expect(incident?.changesBefore).toHaveLength(3);
    expect(incident?.timeline.map(({ kind }) => kind)).not.toContain("change");
  });

  it("tells each of those that went to and fro", async () => {
    const history = await openHistory();
    await runCollector(history, [frameAt(0, factsOf(OLD)), frameAt(5, factsOf(NEW))]);
    await runCollector(history, [
      frameAt(20, factsOf(NEW)),
      frameAt(10, factsOf(OLD), { cameAt: 20 }),
      frameAt(15, factsOf(NEW), { cameAt: 20 }),
    ]);
    const heartbeats = (await changesBefore(history)).filter((line) => line.includes("heartbeat"));
    expect(heartbeats).toEqual([
      "03:05 --heartbeat-interval: 100 → 500",
      "03:10 --heartbeat-interval: 500 → 100",
      "03:15 --heartbeat-interval: 100 → 500",
    ]);
  });

  it("tells a restart by its event alone", async () => {
    const history = await openHistory();
    const started = create(EventSchema, {
      kind: "process_started",
      subject: "etcd",
      atUnixMs: BigInt(START_MS + 20 * MINUTE_MS),
    });
    await runCollector(history, [
      frameAt(0, [processFact(800)]),
      frameAt(30, [processFact(900)]),
      frameAt(20, [processFact(900)], { cameAt: 30, frame: { events: [started] } }),
    ]);
    const incident = await createReader(history).find(CLUSTER, "1");
    expect(incident?.changesBefore.map(({ code }) => code)).toEqual(["process_started"]);
  });

  it("says so where what came late cannot be read", async () => {
    const history = await openHistory();
    const broken = { ...history, changes: () => Promise.reject(new Error("Too much")) };
    const incident = await createReader(broken).find(CLUSTER, "1");
    expect(incident?.unknown.map(({ en }) => en)).toEqual([
      "changes that came late could not be read: Too much",
    ]);
  });
});
