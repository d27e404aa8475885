/** Every string that a node can send, replaced by what harms databases, shells, pages and parsers. */
import Database from "better-sqlite3";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHistory, type History } from "../../collector/history/history.ts";
import { NAME_BUDGET } from "../../collector/history/name-budget.ts";
import { evaluate } from "../../collector/diagnosis/evaluate.ts";
import { DEFAULT_THRESHOLDS } from "../../collector/diagnosis/thresholds.ts";
import { EMPTY_TRACKER, type Tracker } from "../../collector/diagnosis/track.ts";
import { answerDiagnosis, answerRunbook } from "../../collector/answer-diagnosis.ts";
import { NO_INCIDENTS, stepIncidents } from "../../collector/incident/incident-core.ts";
import { lookAt } from "../../collector/incident/look-at.ts";
import { foldCluster } from "../../collector/view/fold.ts";
import type { ClusterFrames } from "../../collector/view/node-state.ts";
import type { ReceivedFrame } from "../../shared/frame.ts";
import { EventSchema, FactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Finding } from "../../shared/rest.ts";
import { systemClock } from "../../shared/clock.ts";
import { createTestLog, receivedFrame, testFrame } from "../collector/ingest/test-frames.ts";
import { evaluateExample, exampleMember } from "../collector/runbook/example-cluster.ts";
import { COMMANDS } from "../scenario/commands.ts";
import { World } from "../scenario/world.ts";
import { HOSTILE, inTurn, poison } from "./hostile-text.ts";

const CLUSTER = "prod-a";

/** As the stream's numbers would give them back: a lone half of a pair has no UTF-8. */
const WRITABLE = HOSTILE.filter((word) => word.isWellFormed());

function frameOf(sequence: bigint, word: string): ReceivedFrame {
  return receivedFrame(sequence, {
    instanceId: word.slice(0, 100),
    agentVersion: word,
    frame: testFrame(sequence, {
      samples: [{ key: `m{l=${JSON.stringify(word)}}`, value: 1 }],
      facts: [
        create(FactSchema, { key: word, body: { case: "flags", value: { name: word, flags: { a: word } } } }),
      ],
      events: [
        create(EventSchema, { atUnixMs: 5n, kind: word, subject: word, attributes: { [`x${word}`]: word } }),
      ],
      probeRuns: [
        { probe: word, target: word, outcome: 2, durationUs: 1, errorCode: word, errorText: word, ageMs: 0 },
      ],
    }),
  });
}

function findingOf(word: string): Finding {
  return {
    id: word,
    code: word,
    subject: { kind: "member", name: word },
    since: "2026-11-22T03:12:09.000Z",
    lastSeen: "2026-11-22T03:13:09.000Z",
    until: null,
    status: "active",
  } as Finding;
}

describe("security/hostile-strings", { timeout: 60_000 }, () => {
  let folder: string;
  let history: History;
  const log = createTestLog();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "etcdscope-hostile-"));
    history = createHistory({
      path: join(folder, "data/history.db"),
      rawMs: 1e13,
      maxBytes: 1e9,
      clock: systemClock,
      log,
    });
    await history.start();
  });

  afterAll(async () => {
    await history.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("are kept and given back by the history as they came, and are never part of a statement or a path", async () => {
    const tables = readTables();
    const frames = WRITABLE.map((word, at) => frameOf(BigInt(at + 1), word));
    await history.append(frames);
    expect(await history.framesSince(0)).toEqual(frames);
    for (const word of HOSTILE) {
      const agent = { cluster: word, node: word };
      expect(await history.lastSequence(agent, word)).toBe(0n);
      expect(await history.frames(word, 0, 2e12)).toEqual([]);
      expect(await history.findings(word, 0, 2e12)).toEqual([]);
      expect(await history.incident(word, word)).toBeUndefined();
      expect(await history.knownSeries(word)).toEqual([]);
      const query = { cluster: CLUSTER, metric: word, node: word, fromMs: 0, toMs: 2e12, points: 10 };
      expect(await history.series(query)).toEqual([]);
      await history.saveFindings(word, [findingOf(word)]);
      expect(await history.findings(word, 0, 2e12)).toHaveLength(1);
      await history.saveNotes(word, []);
    }
    expect(await history.clusters()).toEqual(expect.arrayContaining([CLUSTER]));
    expect(readTables()).toEqual(tables);
    expect(readdirSync(folder)).toEqual(["data"]);
    expect(readdirSync(join(folder, "data")).every((name) => name.startsWith("history.db"))).toBe(true);
  });

  function readTables(): readonly unknown[] {
    const db = new Database(join(folder, "data/history.db"), { readonly: true });
    try {
      return db.prepare("SELECT type, name, sql FROM sqlite_master ORDER BY name").all();
    } finally {
      db.close();
    }
  }

  it("give no rule, tree or runbook a reason to fail", () => {
    const world = new World();
    for (const [command, ...args] of [
      ["voters", "m1", "m2", "m3"],
      ["stop", "m3"],
    ]) {
      COMMANDS[command ?? ""]?.(world, args);
    }
    const next = inTurn(WRITABLE);
    let frames: ClusterFrames = { cluster: CLUSTER, nodes: new Map() };
    let tracker: Tracker = EMPTY_TRACKER;
    const problems: unknown[] = [];
    for (let tick = 0; tick < 90; tick += 1) {
      world.nowMs += 1000;
      for (const received of world.tick()) {
        const { frame } = received;
        const facts = frame.facts.map((fact) =>
          // what a node can send is what survives the wire
          fromBinary(
            FactSchema,
            toBinary(FactSchema, tick % 3 === 0 ? { ...poison(fact, next), key: fact.key } : fact),
          ),
        );
        const events = frame.events.map((event) => poison(event, next));
        const probeRuns = frame.probeRuns.map((run) => ({ ...run, errorText: next(), errorCode: next() }));
        frames = foldCluster(frames, { ...received, frame: { ...frame, facts, events, probeRuns } });
      }
      const evaluation = evaluate(frames, tracker, {
        nowMs: world.nowMs,
        thresholds: DEFAULT_THRESHOLDS,
        expectedVoters: undefined,
        collectorStartedAtMs: 0,
        collectorTroubles: [],
      });
      ({ tracker } = evaluation);
      problems.push(...evaluation.problems.map(({ code, cause }) => `${code}: ${String(cause)}`));
      JSON.stringify([
        evaluation.state,
        evaluation.links,
        evaluation.certificates,
        answerDiagnosis(evaluation),
      ]);
    }
    expect(problems).toEqual([]);
    const renamed = evaluateExample(
      WRITABLE.slice(5, 12).map((word) => exampleMember(word, { isUp: false })),
    );
    expect(renamed.problems).toEqual([]);
    const { state } = stepIncidents(NO_INCIDENTS, lookAt(renamed));
    const away = state.incidents.flatMap(({ impact }) => Object.keys(impact.away));
    expect(away).toEqual(expect.arrayContaining(["constructor", "__proto__"]));
    expect(answerRunbook(renamed, { code: "QUORUM_LOST", member: undefined }).code).toBe("QUORUM_LOST");
  });

  it("of labels without end use up the share of the agent that sends them, and no other's", async () => {
    const flood = { cluster: CLUSTER, node: "flood" };
    const label = "v".repeat(400);
    const names = Math.ceil(NAME_BUDGET.burstBytes / 400);
    for (let at = 0; at < names; at += 5000) {
      const samples = Array.from({ length: 5000 }, (_, i) => ({ key: `m{l="${at + i}${label}"}`, value: 1 }));
      const frame = testFrame(BigInt(at + 1), { samples, facts: [], events: [], probeRuns: [] });
      await history.append([receivedFrame(1n, { agent: flood, frame, receivedAtMs: systemClock.nowMs() })]);
    }
    const kept = (await history.framesSince(0))
      .filter(({ agent }) => agent.node === "flood")
      .reduce((sum, { frame }) => sum + frame.samples.length, 0);
    expect(kept).toBeLessThan(names);
    expect(kept).toBeGreaterThan(names / 2);
    expect(log.lines.map(({ sentence }) => sentence)).toContain(
      "Agent has sent more different series than one may: new ones are not recorded.",
    );
    expect(history.problems().map(({ code, message }) => [code, message])).toEqual([
      ["NAMES_OF_AGENT", `Too many different series of ${CLUSTER}/flood: new ones are not recorded`],
    ]);
    const other = receivedFrame(1n, {
      agent: { cluster: CLUSTER, node: "other" },
      receivedAtMs: systemClock.nowMs(),
      frame: testFrame(1n, { samples: [{ key: 'm{l="new"}', value: 7 }] }),
    });
    await history.append([other]);
    const got = (await history.framesSince(0)).find(({ agent }) => agent.node === "other");
    expect(got?.frame.samples).toEqual(other.frame.samples);
  });
});
