import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { reportMachine } from "../../../collector/diagnosis/report-machine.ts";
import type { NodeView } from "../../../collector/view/cluster-view.ts";
import type { NodeState, Point } from "../../../collector/view/node-state.ts";
import { FactSchema, NodeFactSchema } from "../../../shared/gen/etcdscope/v1/fact_pb.js";

const NOW_MS = Date.UTC(2026, 10, 24, 16);

function node(
  load: Point | undefined,
  rest: { readonly isCurrent?: boolean; readonly isTold?: boolean } = {},
): NodeView {
  const value = create(NodeFactSchema, { bootedAtUnixMs: BigInt(NOW_MS - 3_600_000 + 250), cpus: 2 });
  const fact = create(FactSchema, { key: "node", body: { case: "node", value } });
  const facts = rest.isTold === false ? [] : [["node", { fact, sinceMs: NOW_MS, leaderSinceMs: 0 }] as const];
  const state = {
    atMs: NOW_MS,
    clockOffsetMs: 250,
    facts: new Map(facts),
    series: { last: (key: string) => (key === "node_load1" ? load : undefined) },
  } as unknown as NodeState;
  return {
    name: "m1",
    member: "m1",
    agent: { isCurrent: rest.isCurrent ?? true },
    state,
  } as unknown as NodeView;
}

describe("collector/diagnosis/report-machine", () => {
  it("tells since when it is up, in the collector's time, and its load while that is of now", () => {
    const told = { bootedAt: "2026-11-24T15:00:00.000Z", load1: 0.42, cpus: 2 };
    const load = { atMs: NOW_MS - 60_000, value: 0.42 };
    expect(reportMachine(node(load))).toEqual(told);
    expect(reportMachine(node({ ...load, atMs: NOW_MS - 240_000 }))).toEqual({ ...told, load1: null });
    expect(reportMachine(node(load, { isCurrent: false }))).toEqual({ ...told, load1: null });
    expect(reportMachine(node(undefined))).toEqual({ ...told, load1: null });
  });

  it("is nothing where no agent has told of it", () => {
    expect(reportMachine(node(undefined, { isTold: false }))).toBeNull();
    expect(reportMachine(undefined)).toBeNull();
  });
});
