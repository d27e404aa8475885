import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Evaluation } from "../../collector/diagnosis/evaluate.ts";
import { createHashRounds } from "../../collector/hash-rounds.ts";
import type { NodeState } from "../../collector/view/node-state.ts";
import { FactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { evaluateExample, THREE } from "./runbook/example-cluster.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const HEALTHY = evaluateExample(THREE);
const BEGIN_MS = HEALTHY.cluster.nowMs;

interface Told {
  readonly round: bigint;
  readonly atMs: number;
  readonly durationMs?: number;
  /** Of m3: to what it had compacted, or why it told nothing. */
  readonly compactRevision?: bigint;
  readonly problem?: string;
}

/** The cluster so much later; `told` is the comparison that its first node's agent holds. */
function later(byMs: number, told?: Told, base: Evaluation = HEALTHY): Evaluation {
  const { cluster } = base;
  const nodes = cluster.view.nodes.map((node, index) =>
    index === 0 && told !== undefined ? { ...node, state: withComparison(node.state, told) } : node,
  );
  return { ...base, cluster: { ...cluster, nowMs: BEGIN_MS + byMs, view: { ...cluster.view, nodes } } };
}

function withComparison(
  state: NodeState,
  { round, atMs, durationMs = 20, compactRevision = 1n, problem = "" }: Told,
): NodeState {
  const value = {
    round,
    comparedAtUnixMs: BigInt(Math.round(atMs + state.clockOffsetMs)),
    members: [
      { name: "m1", durationMs, hash: 7, compactRevision: 1n },
      { name: "m2", durationMs, hash: 7, compactRevision: 1n },
      { name: "m3", durationMs, hash: 7, compactRevision, problem },
    ],
  };
  const fact = create(FactSchema, { key: "hash_kv", body: { case: "hashKv", value } });
  return { ...state, facts: new Map(state.facts).set("hash_kv", { fact, sinceMs: atMs, leaderSinceMs: 0 }) };
}

describe("collector/hash-rounds", () => {
  it("has one agent compare some minutes after the first look, and again a day after the last comparison", () => {
    const rounds = createHashRounds();
    expect(rounds.observe(later(0))).toEqual([]);
    expect(rounds.observe(later(9 * MINUTE_MS))).toEqual([]);
    const [node = "", ...others] = rounds.observe(later(11 * MINUTE_MS));
    expect(others).toEqual([]);
    const agent = { cluster: HEALTHY.cluster.view.cluster, node };
    const round = rounds.roundOf(agent);
    expect(round).toBeGreaterThan(0n);
    expect(rounds.roundOf({ ...agent, node: `${node}-other` })).toBe(0n);
    // While it is under way nothing more is asked; answered, it is taken back.
    expect(rounds.observe(later(12 * MINUTE_MS))).toEqual([]);
    const told = { round, atMs: BEGIN_MS + 13 * MINUTE_MS };
    expect(rounds.observe(later(13 * MINUTE_MS, told))).toEqual([node]);
    expect(rounds.roundOf(agent)).toBe(0n);
    expect(rounds.observe(later(DAY_MS, told))).toEqual([]);
    expect(rounds.observe(later(DAY_MS + 14 * MINUTE_MS, told))).toEqual([node]);
    expect(rounds.roundOf(agent)).toBeGreaterThan(round);
  });

  it("asks with a number above the last one, also after the clock was set back", () => {
    const rounds = createHashRounds();
    rounds.observe(later(0));
    const told = { round: BigInt(BEGIN_MS + DAY_MS + 60 * MINUTE_MS), atMs: BEGIN_MS };
    const [node = ""] = rounds.observe(later(DAY_MS, told));
    expect(rounds.roundOf({ cluster: HEALTHY.cluster.view.cluster, node })).toBe(told.round + 1n);
  });

  it("leaves a week between comparisons that held a member up", () => {
    const rounds = createHashRounds();
    const told = { round: 1n, atMs: BEGIN_MS, durationMs: 8000 };
    expect(rounds.observe(later(2 * DAY_MS, told))).toEqual([]);
    expect(rounds.observe(later(7 * DAY_MS + 1, told))).toHaveLength(1);
  });

  it("makes one again after an hour that met members compacted to different revisions, and not one that was refused", () => {
    const rounds = createHashRounds();
    const compacted = { round: 1n, atMs: BEGIN_MS, compactRevision: 2n };
    expect(rounds.observe(later(59 * MINUTE_MS, compacted))).toEqual([]);
    expect(rounds.observe(later(61 * MINUTE_MS, compacted))).toHaveLength(1);
    const refused = { round: 1n, atMs: BEGIN_MS, problem: "permission denied" };
    const others = createHashRounds();
    expect(others.observe(later(61 * MINUTE_MS, refused))).toEqual([]);
    expect(others.observe(later(DAY_MS + MINUTE_MS, refused))).toHaveLength(1);
  });

  it("gives one up that does not come back, and tries again an hour later", () => {
    const rounds = createHashRounds();
    rounds.observe(later(0));
    rounds.observe(later(11 * MINUTE_MS));
    expect(rounds.observe(later(23 * MINUTE_MS))).toHaveLength(1);
    expect(rounds.observe(later(60 * MINUTE_MS))).toEqual([]);
    expect(rounds.observe(later(84 * MINUTE_MS))).toHaveLength(1);
  });

  it("leaves a cluster alone that has other worries, and tells an operator who asks why", () => {
    const rounds = createHashRounds();
    const members = THREE.map((one) => ({ ...one, isUp: one.name !== "m3" }));
    const atRisk = evaluateExample(members);
    rounds.observe(later(0, undefined, atRisk));
    expect(rounds.observe(later(2 * DAY_MS, undefined, atRisk))).toEqual([]);
    expect(rounds.request(later(2 * DAY_MS, undefined, atRisk))).toEqual({
      kind: "refused",
      because: "m3 does not serve",
    });
  });

  it("compares at once when an operator asks, and does not ask twice", () => {
    const rounds = createHashRounds();
    const answer = rounds.request(later(0));
    expect(answer.kind).toBe("asked");
    expect(rounds.request(later(1000))).toEqual(answer);
  });
});
