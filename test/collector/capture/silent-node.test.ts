/** A capture of a span before which a node fell silent: from a real history, as the collector does it. */
import { create } from "@bufbuild/protobuf";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { encodeHeader, parseCapture } from "../../../collector/capture/capture-format.ts";
import {
  decodeFactsAtStart,
  encodeFactsAtStart,
  foldFactsAtStart,
  type FactsAtStart,
  type KnownNode,
} from "../../../collector/capture/facts-at-start.ts";
import { replayCapture } from "../../../collector/capture/replay-capture.ts";
import { writeCapture } from "../../../collector/capture/write-capture.ts";
import { DEFAULT_THRESHOLDS } from "../../../collector/diagnosis/thresholds.ts";
import { renderReplay } from "../../../cli/view/render-replay.ts";
import { createHistory } from "../../../collector/history/history.ts";
import { CertificateFactSchema, FactSchema } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import type { ClusterState, Finding } from "../../../shared/rest.ts";
import { createManualClock } from "../../agent/manual-clock.ts";
import { createPlainTerminal } from "../../cli/plain-terminal.ts";
import { createTestLog } from "../ingest/test-frames.ts";
import { RecordingPlay } from "./story.ts";

const DAY_MS = 86_400_000;

interface Told {
  readonly play: RecordingPlay;
  readonly fromMs: number;
  readonly toMs: number;
  /** What the collector said at the end of the span. */
  readonly live: ClusterState;
}

/** m3's disk is full, it falls silent, dies twenty minutes later, and m2 after it. */
function tellStory(): Told {
  const play = new RecordingPlay();
  play
    .run(30)
    .run(40, "disk m3 data 0B/100GiB")
    .run(20 * 60, "silence m3");
  const fromMs = play.world.nowMs;
  play.run(20, "kill m3").run(20, "kill m2");
  const live = play.last?.state;
  if (live === undefined) {
    throw new Error("Expected a look");
  }
  return { play, fromMs, toMs: Date.parse(live.at) + 500, live };
}

async function capture(
  { play, fromMs, toMs }: Told,
  other: { readonly forgottenAfterMs?: number } = {},
): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "etcdscope-capture-"));
  const history = createHistory({
    path: join(folder, "history.db"),
    rawMs: 1e12,
    maxBytes: 1e12,
    clock: createManualClock(toMs),
    log: createTestLog(),
  });
  try {
    await history.start();
    await history.append(play.recorded);
    await history.saveFindings("prod-a", [...play.findings.values()]);
    const pieces = await writeCapture(
      { cluster: "prod-a", fromMs, toMs },
      {
        nowMs: toMs,
        thresholds: DEFAULT_THRESHOLDS,
        expectedVoters: undefined,
        forgottenAfterMs: other.forgottenAfterMs ?? DAY_MS,
        readFrames: (cluster, from, to) => history.frames(cluster, from, to),
        readFindings: (cluster, from, to) => history.findings(cluster, from, to),
        readFactsAt: (query) => history.factsAt(query),
      },
    );
    const chunks: Buffer[] = [];
    for await (const piece of pieces ?? []) {
      chunks.push(piece);
    }
    return Buffer.concat(chunks);
  } finally {
    await history.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All that does not hang on the moments of the looks: those of a story are at whole seconds, a replay's come soon after the news. */
function describeFindings(findings: readonly Finding[]): readonly object[] {
  const names = new Map(findings.map(({ id, code, subject }) => [id, `${code} ${subject.name}`]));
  return findings
    .map(({ causedBy, since, ...finding }) => ({
      name: `${finding.code} ${finding.subject.name} ${finding.subject.peer ?? ""}`,
      since: since.slice(0, 19),
      severity: finding.severity,
      rootCause: finding.rootCause,
      causedBy: causedBy.map((id) => names.get(id)),
      confidence: finding.confidence,
      title: finding.title,
      detail: finding.detail,
    }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

function describeState({ members, headline, verdict, quorum, leader, coverage }: ClusterState): object {
  return {
    members: members.map(({ agent, ...member }) => ({ ...member, agent: { ...agent, lastSeen: undefined } })),
    headline,
    verdict,
    quorum,
    leader: leader?.member,
    coverage,
  };
}

describe("collector/capture: a node that fell silent before the span", { timeout: 60_000 }, () => {
  let told: Told;
  let file: Buffer;
  beforeAll(async () => {
    told = tellStory();
    file = await capture(told);
  });

  it("is replayed as the collector saw it", () => {
    const { state } = replayCapture(parseCapture(file), { atMs: told.toMs });
    const codes = told.live.findings.map(({ code, subject }) => `${code} ${subject.name}`);
    expect(codes).toEqual(
      expect.arrayContaining(["AGENT_SILENT m3", "DISK_FULL m3", "MEMBER_DOWN m3", "QUORUM_LOST prod-a"]),
    );
    expect(describeFindings(state.findings)).toEqual(describeFindings(told.live.findings));
    expect(describeState(state)).toEqual(describeState(told.live));
    const silent = (one: ClusterState): unknown => one.members.find(({ name }) => name === "m3")?.agent;
    expect(silent(state)).toEqual(silent(told.live));
    expect(state.findings.find(({ code }) => code === "AGENT_SILENT")?.id).toBe(
      told.live.findings.find(({ code }) => code === "AGENT_SILENT")?.id,
    );
  });

  it("tells which nodes it knows by their facts alone", () => {
    const { capture: about } = replayCapture(parseCapture(file), { atMs: undefined });
    expect(about.silentAtStart).toEqual([{ node: "m3", lastHeard: "2026-11-22T03:01:29.000Z" }]);
    expect(about).toMatchObject({ nodes: ["m1", "m2"], leftOutAtStart: 0 });
  });

  it("says so to people", () => {
    const replay = replayCapture(parseCapture(file), { atMs: undefined });
    const [english, chinese] = (["en", "zh"] as const).map((language) =>
      renderReplay(replay, { terminal: createPlainTerminal({ language, columns: 120 }), isMoment: false }),
    );
    expect(english).toContain("m3 was silent when it begins: what held on it at 2026-11-22T03:01:29.000Z");
    expect(chinese).toContain("开始时 m3 已无消息");
    const capture = { ...replay.capture, leftOutAtStart: 2 };
    expect(
      renderReplay({ ...replay, capture }, { terminal: createPlainTerminal(), isMoment: false }),
    ).toContain("Silent nodes that did not fit into it: 2");
  });

  it("holds since when each fact holds", () => {
    const [m3] = foldFactsAtStart("prod-a", parseCapture(file).nodesAtStart).nodes.values();
    const live = told.play.frames.nodes.get("m3");
    expect([...(m3?.facts.keys() ?? [])].toSorted()).toEqual([...(live?.facts.keys() ?? [])].toSorted());
    const key = "filesystem/data";
    expect(m3?.facts.get(key)).toEqual({ ...live?.facts.get(key), leaderSinceMs: expect.any(Number) });
    expect(m3?.facts.get(key)?.sinceMs).toBeLessThan(m3?.atMs ?? 0);
    expect(m3).toMatchObject({
      instanceId: live?.instanceId,
      sequence: live?.sequence,
      lastReceivedAtMs: live?.lastReceivedAtMs,
      atMs: live?.atMs,
    });
  });

  it("leaves out a node that the collector had forgotten by then", async () => {
    const { header } = parseCapture(await capture(told, { forgottenAfterMs: 600_000 }));
    expect(header.factsAtStart).toBeUndefined();
  });

  it("is read also where it was written without them, as before", () => {
    const { factsAtStart, ...old } = parseCapture(file).header;
    expect(factsAtStart?.nodes).toHaveLength(1);
    const body = Buffer.concat([encodeHeader(old), file.subarray(file.indexOf("\n") + 1, file.length - 32)]);
    const sealed = Buffer.concat([body, createHash("sha256").update(body).digest()]);
    const { state } = replayCapture(parseCapture(sealed), { atMs: undefined });
    expect(state.findings.map(({ code }) => code)).not.toContain("AGENT_SILENT");
  });

  it("says of facts that cannot be read that the file is damaged", () => {
    const { header } = parseCapture(file);
    const [node] = header.factsAtStart?.nodes ?? [];
    const broken = { ...header, factsAtStart: { nodes: [{ ...node!, keyframe: { frame: 1 } }], leftOut: 0 } };
    const body = Buffer.concat([
      encodeHeader(broken),
      file.subarray(file.indexOf("\n") + 1, file.length - 32),
    ]);
    const sealed = Buffer.concat([body, createHash("sha256").update(body).digest()]);
    expect(() => parseCapture(sealed)).toThrow("the facts of a node cannot be read");
  });
});

describe("collector/capture: a cluster that is silent through the span", { timeout: 60_000 }, () => {
  let told: Told;
  beforeAll(() => {
    const play = new RecordingPlay();
    play.run(60, "disk m3 data 0B/100GiB").run(20 * 60, "silence m1", "silence m2", "silence m3");
    const fromMs = play.world.nowMs;
    play.run(60);
    told = { play, fromMs, toMs: play.world.nowMs, live: play.last!.state };
  });

  it("is captured by what was known of it, and replayed as the collector saw it", async () => {
    const {
      capture: about,
      state,
      verdicts,
    } = replayCapture(parseCapture(await capture(told)), { atMs: undefined });
    expect(about).toMatchObject({ frames: 0, nodes: [], leftOutAtStart: 0 });
    expect(about.silentAtStart.map(({ node }) => node)).toEqual(["m1", "m2", "m3"]);
    expect(state.verdict).toBe(told.live.verdict);
    expect(verdicts.map(({ verdict }) => verdict)).toEqual([told.live.verdict]);
    expect(describeFindings(state.findings)).toEqual(describeFindings(told.live.findings));
    expect(state.findings.map(({ code, subject }) => `${code} ${subject.name}`)).toContain("DISK_FULL m3");
  });

  it("is not there once the collector has forgotten it", async () => {
    expect(await capture(told, { forgottenAfterMs: 600_000 })).toHaveLength(0);
  });
});

describe("collector/capture/facts-at-start", () => {
  const request = { cluster: "prod-a", beginMs: 1_000_000, forgottenAfterMs: DAY_MS };
  function known(node: string, lastHeardMs: number, problem = ""): KnownNode {
    const value = create(CertificateFactSchema, { role: "server", problem });
    const fact = create(FactSchema, { key: "certificate/server", body: { case: "certificate", value } });
    return { node, lastHeardMs, last: undefined, facts: [{ sinceMs: 5000, fact }] };
  }
  function names(written: FactsAtStart | undefined): readonly string[] {
    return written === undefined
      ? []
      : decodeFactsAtStart(written, "prod-a").map(({ received }) => received.agent.node);
  }

  it("has a node also of which only roll-ups are left", () => {
    const written = encodeFactsAtStart([known("m1", 900_000)], request);
    const [m1] = foldFactsAtStart("prod-a", decodeFactsAtStart(written!, "prod-a")).nodes.values();
    expect(m1).toMatchObject({ node: "m1", lastReceivedAtMs: 900_000, atMs: 900_000 });
    expect(m1?.facts.get("certificate/server")?.sinceMs).toBe(5000);
  });

  it("has nothing to say where every node was heard", () => {
    expect(encodeFactsAtStart([known("m1", 1_000_000)], request)).toBeUndefined();
  });

  it("leaves out those that were heard longest ago where it would be too much, and says how many", () => {
    const nodes = [known("m1", 700_000), known("m2", 900_000), known("m3", 800_000)];
    const all = encodeFactsAtStart(nodes, request);
    expect(names(all)).toEqual(["m2", "m3", "m1"]);
    const bytes = JSON.stringify(all?.nodes.slice(0, 2)).length;
    const written = encodeFactsAtStart(nodes, request, bytes);
    expect(names(written)).toEqual(["m2", "m3"]);
    expect(written?.leftOut).toBe(1);
  });

  it("lets no secret out", () => {
    const problem = "GET https://root:hunter2@m1:2379 token=abcdef";
    const written = encodeFactsAtStart([known("m1", 900_000, problem)], request);
    expect(JSON.stringify(written)).not.toMatch(/hunter2|abcdef/);
    expect(JSON.stringify(written)).toContain("[redacted]");
  });
});
