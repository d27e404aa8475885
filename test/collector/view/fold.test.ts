/** What folding keeps and ignores: late frames, keyframes, clocks, rings, remembered facts. */
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { isNews } from "../../../collector/is-news.ts";
import { fold, foldCluster, foldStream, keepCluster } from "../../../collector/view/fold.ts";
import { findFact, findPoint, findRun, listPoints } from "../../../collector/view/node-reading.ts";
import type { NodeState } from "../../../collector/view/node-state.ts";
import type { Event, Fact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { EventSchema, FactSchema } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { Outcome } from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import type { Frame, ReceivedFrame } from "../../../shared/frame.ts";

const T0 = 1_000_000;

interface FrameInit extends Partial<Frame> {
  readonly instanceId?: string;
  readonly receivedAtMs?: number;
}

function received(sequence: number, init: FrameInit = {}): ReceivedFrame {
  const { instanceId = "i1", receivedAtMs = T0 + sequence * 1000, ...frame } = init;
  return {
    agent: { cluster: "prod-a", node: "m1" },
    instanceId,
    agentVersion: "0.1.0",
    receivedAtMs,
    frame: {
      sequence: BigInt(sequence),
      capturedAtMs: T0 + sequence * 1000,
      monotonicUs: sequence * 1_000_000,
      keyframe: false,
      samples: [],
      facts: [],
      events: [],
      probeRuns: [],
      droppedTotal: 0n,
      clockOffset: { offsetUs: 0, roundTripUs: 100 },
      ...frame,
    },
  };
}

function foldAll(...frames: readonly ReceivedFrame[]): NodeState {
  const state = frames.reduce<NodeState | undefined>((before, frame) => fold(before, frame), undefined);
  if (state === undefined) {
    throw new Error("Expected at least one frame");
  }
  return state;
}

function status(leaderId: bigint, errors: string[] = []): Fact {
  const value = { memberId: 1n, leaderId, raftTerm: 2n, errors, own: true };
  return create(FactSchema, { key: "status/m1", body: { case: "status", value } });
}

function run(outcome: Outcome, ageMs = 0): Frame["probeRuns"][number] {
  return { probe: "status", target: "m2", outcome, durationUs: 10, errorCode: "", errorText: "", ageMs };
}

describe("collector/view/fold", () => {
  it("keeps the newest sample and lets a late frame only prove that the agent is heard", () => {
    const state = foldAll(
      received(5, { samples: [{ key: "up", value: 5 }] }),
      received(3, { samples: [{ key: "up", value: 3 }], receivedAtMs: T0 + 9000 }),
    );
    expect(findPoint(state, { metric: "up" }, 0)).toEqual({ atMs: T0 + 5000, value: 5 });
    expect(state.lastReceivedAtMs).toBe(T0 + 9000);
    expect(state.sequence).toBe(5n);
  });

  it("follows a new instance that counts from 1 and ignores the one it replaced", () => {
    const state = foldAll(
      received(50),
      received(1, { instanceId: "i2", samples: [{ key: "up", value: 1 }] }),
      received(51, { samples: [{ key: "up", value: 51 }] }),
    );
    expect(state.instanceId).toBe("i2");
    expect(findPoint(state, { metric: "up" }, 0)?.value).toBe(1);
  });

  it("takes nothing for still to come when a clock was set after it was measured how far it is off", () => {
    const event = create(EventSchema, { kind: "process_exited", atUnixMs: BigInt(T0 + 3_600_000) });
    const state = foldAll(
      received(1),
      // the collector's clock went back by ten seconds
      received(20, { receivedAtMs: T0 + 10_000 }),
      // the node's did, by an hour, after the event
      received(21, { receivedAtMs: T0 + 11_000, events: [event] }),
    );
    expect(state.atMs).toBe(T0 + 11_000);
    expect(state.events.map(({ atMs }) => atMs)).toEqual([T0 + 11_000]);
  });

  it("never lets an earlier run's kept frames replace what a later run saw, whichever comes first", () => {
    const live = received(1, { instanceId: "1790000000002-b", samples: [{ key: "up", value: 2 }] });
    const kept = received(900, { instanceId: "1790000000001-a", samples: [{ key: "up", value: 1 }] });
    const state = foldAll(live, kept, received(901, { instanceId: "1790000000001-a" }));
    expect(state.instanceId).toBe("1790000000002-b");
    expect(state.sequence).toBe(1n);
    expect(findPoint(state, { metric: "up" }, 0)?.value).toBe(2);
    expect(foldAll(kept, live).instanceId).toBe("1790000000002-b");
  });

  it("puts a late frame's events in their place, each once", () => {
    const event = (atMs: number): Event =>
      create(EventSchema, { atUnixMs: BigInt(atMs), kind: "process_exited" });
    const late = received(2, { events: [event(T0 + 2000)] });
    const state = foldAll(
      received(1, { events: [event(T0 + 1000)] }),
      received(9, { events: [event(T0 + 9000)] }),
      late,
      late,
    );
    expect(state.events.map(({ atMs }) => atMs - T0)).toEqual([1000, 2000, 9000]);
  });

  it("holds what the agent lost for as long as its frames tell it, by the collector's clock", () => {
    const loss = { frames: 7, fromMs: T0 + 500, toMs: T0 + 900, reason: "spool_full" };
    const clockOffset = { offsetUs: 300_000, roundTripUs: 100 };
    const told = foldAll(received(5, { loss, clockOffset, waiting: 40 }));
    expect(told.loss).toEqual({ ...loss, fromMs: T0 + 200, toMs: T0 + 600 });
    expect(told.waiting).toBe(40);
    expect(fold(told, received(6)).loss).toBeUndefined();
  });

  it("drops facts and runs that a keyframe does not hold, and dates those that it repeats as before", () => {
    const state = foldAll(
      received(1, {
        keyframe: true,
        facts: [status(7n), create(FactSchema, { key: "alarms", body: { case: "alarms", value: {} } })],
        probeRuns: [run(Outcome.OK), { ...run(Outcome.OK), target: "m3" }],
      }),
      received(61, { keyframe: true, facts: [status(7n)], probeRuns: [run(Outcome.OK, 500)] }),
    );
    expect([...state.facts.keys()]).toEqual(["status/m1"]);
    expect(findFact(state, "status/m1", "status")?.sinceMs).toBe(T0 + 1000);
    expect(findRun(state, "status", "m3")).toBeUndefined();
    expect(findRun(state, "status", "m2")?.endedAtMs).toBe(T0 + 61_000 - 500);
  });

  it("takes a keyframe for news only where it says something else than what is known", () => {
    const alarms = create(FactSchema, { key: "alarms", body: { case: "alarms", value: {} } });
    const before = foldAll(received(1, { keyframe: true, facts: [status(7n), alarms] }));
    const next = (facts: readonly Fact[], frame: Partial<Frame> = { keyframe: true }): boolean => {
      const { frame: sent, ...rest } = received(2, { ...frame, facts });
      return isNews(before, fold(before, { ...rest, frame: sent }), sent);
    };
    expect(next([status(7n), alarms])).toBe(false);
    expect(next([alarms, status(7n)])).toBe(false);
    expect(next([], {})).toBe(false);
    expect(next([status(7n)])).toBe(true);
    expect(next([status(8n), alarms])).toBe(true);
    expect(next([status(7n), create(FactSchema, { ...alarms, key: "alarms/2" })])).toBe(true);
    expect(next([create(FactSchema, { key: "alarms", removed: true })], {})).toBe(true);
    expect(next([create(FactSchema, { key: "unknown", removed: true })], {})).toBe(false);
    expect(next([status(7n), alarms], { keyframe: true, probeRuns: [run(Outcome.FAILED)] })).toBe(true);
    const [first] = [received(1, { facts: [] })];
    expect(isNews(undefined, foldAll(first), first.frame)).toBe(true);
  });

  it("removes a fact that says so", () => {
    const state = foldAll(
      received(1, { facts: [status(7n)] }),
      received(2, { facts: [create(FactSchema, { key: "status/m1", removed: true })] }),
    );
    expect(state.facts.size).toBe(0);
    expect(state.remembered.ownName).toBe("m1");
  });

  it("dates a leader from its first answer, whatever else of the status changes", () => {
    const state = foldAll(
      received(1, { facts: [status(7n)] }),
      received(5, { facts: [status(7n, ["memberID:1 alarm:NOSPACE"])] }),
    );
    const held = findFact(state, "status/m1", "status");
    expect([held?.sinceMs, held?.leaderSinceMs]).toEqual([T0 + 5000, T0 + 1000]);
  });

  it("dates the first of failures in a row and the last success, over skipped runs", () => {
    const state = foldAll(
      received(1, { probeRuns: [run(Outcome.OK)] }),
      received(2, { probeRuns: [run(Outcome.FAILED)] }),
      received(3, { probeRuns: [run(Outcome.SKIPPED)] }),
      received(4, { probeRuns: [run(Outcome.TIMED_OUT)] }),
    );
    const held = findRun(state, "status", "m2");
    expect([held?.lastOkAtMs, held?.failingSinceMs]).toEqual([T0 + 1000, T0 + 2000]);
  });

  it("corrects times by the measured clock offset, and keeps it while it is not measured again", () => {
    const state = foldAll(
      received(1, { capturedAtMs: T0 + 61_000, clockOffset: { offsetUs: 60_000_000, roundTripUs: 1 } }),
      received(2, { capturedAtMs: T0 + 62_000, clockOffset: undefined }),
    );
    expect(state.atMs).toBe(T0 + 2000);
  });

  it("takes the largest lead of capture over receipt for the offset while it was never measured", () => {
    const back = { clockOffset: undefined, receivedAtMs: T0 + 100_000 };
    const state = foldAll(
      received(1, back),
      received(2, back),
      received(100, { clockOffset: undefined, receivedAtMs: T0 + 100_000 }),
    );
    expect(state.clockOffsetMs).toBe(0);
    expect(state.atMs).toBe(T0 + 100_000);
  });

  it("keeps a ring of twelve for the series that rules look back on, one point of the others", () => {
    const frames = Array.from({ length: 20 }, (_, index) =>
      received(index + 1, {
        samples: [
          { key: "etcdscope_fsync_probe_seconds", value: index },
          { key: "process_open_fds", value: index },
        ],
      }),
    );
    const state = foldAll(...frames);
    expect(listPoints(state, { metric: "etcdscope_fsync_probe_seconds" }, 0)).toHaveLength(12);
    expect(listPoints(state, { metric: "process_open_fds" }, 0)).toHaveLength(1);
  });

  it("keeps at most 200 events of the last hour", () => {
    const event = (atMs: number) => create(EventSchema, { atUnixMs: BigInt(atMs), kind: "process_exited" });
    const many = Array.from({ length: 300 }, () => event(T0 + 1000));
    expect(foldAll(received(1, { events: many })).events).toHaveLength(200);
    expect(foldAll(received(1, { events: many }), received(4000)).events).toHaveLength(0);
  });

  it("remembers the own member, the list and the election timeout when a restarted agent no longer has them", () => {
    const list = create(FactSchema, {
      key: "member_list",
      body: { case: "memberList", value: { clusterId: 9n, members: [{ id: 1n, name: "m1" }] } },
    });
    const flags = create(FactSchema, {
      key: "flags",
      body: { case: "flags", value: { name: "m1", flags: { "election-timeout": "5000" } } },
    });
    const state = foldAll(
      received(1, { keyframe: true, facts: [status(7n), list, flags] }),
      received(1, { instanceId: "i2", keyframe: true, receivedAtMs: T0 + 5000 }),
    );
    expect(state.facts.size).toBe(0);
    expect(state.remembered).toMatchObject({ ownName: "m1", ownId: 1n, electionTimeoutMs: 5000 });
    expect(state.remembered.membership?.list.clusterId).toBe(9n);
  });

  it("takes a list for as old as when it was read, however often a keyframe says it again", () => {
    const list = create(FactSchema, {
      key: "member_list",
      body: { case: "memberList", value: { clusterId: 9n, members: [{ id: 1n, name: "m1" }] } },
    });
    const applied = (value: number): Frame["samples"] => [
      { key: 'etcd_status_raft_applied_index{member="m1"}', value },
    ];
    const facts = [status(7n), list];
    const repeated = foldAll(
      received(1, { keyframe: true, facts, samples: applied(10) }),
      received(2, { samples: applied(50) }),
      received(3, { keyframe: true, facts }),
    );
    expect(repeated.remembered.membership).toMatchObject({ appliedIndex: 10, atMs: T0 + 1000 });
    const readAgain = fold(
      repeated,
      received(4, { probeRuns: [{ ...run(Outcome.OK), probe: "members", target: "" }] }),
    );
    expect(readAgain.remembered.membership).toMatchObject({ appliedIndex: 50, atMs: T0 + 4000 });
  });

  it("leaves the states that it was given as they were, where they are kept", () => {
    const before = foldAll(received(1, { samples: [{ key: "up", value: 1 }] }));
    const cluster = { cluster: "prod-a", nodes: new Map([["m1", before]]) };
    keepCluster(cluster);
    const after = foldCluster(cluster, received(2, { samples: [{ key: "up", value: 2 }] }));
    expect(findPoint(before, { metric: "up" }, 0)?.value).toBe(1);
    expect(after.nodes.get("m1")?.sequence).toBe(2n);
    expect(foldStream(before, true).streamOpen).toBe(true);
  });
});
