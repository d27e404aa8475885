/** Which of several member lists counts. */
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { chooseMembership } from "../../../collector/view/membership.ts";
import type { NodeState, Remembered } from "../../../collector/view/node-state.ts";
import { MemberListFactSchema } from "../../../shared/gen/etcdscope/v1/fact_pb.js";

interface ListInit {
  readonly clusterId?: bigint;
  readonly members: readonly (readonly [bigint, string, boolean?])[];
  readonly appliedIndex: number;
  readonly term?: bigint;
}

function node(name: string, init: ListInit | undefined, initialCluster: readonly string[] = []): NodeState {
  const membership =
    init === undefined
      ? undefined
      : {
          atMs: 0,
          term: init.term ?? 2n,
          appliedIndex: init.appliedIndex,
          list: create(MemberListFactSchema, {
            clusterId: init.clusterId ?? 1n,
            members: init.members.map(([id, member, isLearner = false]) => ({ id, name: member, isLearner })),
          }),
        };
  const remembered: Remembered = {
    ownName: name,
    ownId: 0n,
    membership,
    initialCluster,
    electionTimeoutMs: undefined,
  };
  return { node: name, remembered, facts: new Map() as NodeState["facts"] } as NodeState;
}

describe("collector/view/membership", () => {
  it("takes the list with the highest applied index, by member ID, and says who holds another", () => {
    const chosen = chooseMembership([
      node("m1", {
        members: [
          [1n, "m1"],
          [2n, "m2"],
          [3n, "m3"],
        ],
        appliedIndex: 90,
      }),
      node("m2", {
        members: [
          [1n, "m1"],
          [2n, "m2"],
        ],
        appliedIndex: 100,
      }),
    ]);
    expect(chosen.members.map(({ memberId }) => memberId)).toEqual(["1", "2"]);
    expect(chosen.membership).toMatchObject({ source: "list", from: "m2", disagreeing: ["m1"] });
  });

  it("prefers the cluster that more nodes are in over one that is further", () => {
    const members = [
      [1n, "m1"],
      [2n, "m2"],
      [3n, "m3"],
    ] as const;
    const chosen = chooseMembership([
      node("m1", { members, appliedIndex: 90 }),
      node("m2", { members, appliedIndex: 90 }),
      node("m3", { clusterId: 9n, members: [[7n, "m3"]], appliedIndex: 5000 }),
    ]);
    expect(chosen.membership.clusterId).toBe(1n);
    expect(chosen.members).toHaveLength(3);
  });

  it("tells learners apart and names a member that has no name yet, or one that is taken, by its ID", () => {
    const chosen = chooseMembership([
      node("m1", {
        members: [
          [10n, ""],
          [2n, "m1"],
          [3n, "m1", true],
        ],
        appliedIndex: 1,
      }),
    ]);
    expect(chosen.members.map(({ name, isLearner }) => [name, isLearner])).toEqual([
      ["3", true],
      ["a", false],
      ["m1", false],
    ]);
  });

  it("falls back to the names in the flags, and then to nothing", () => {
    const chosen = chooseMembership([node("m1", undefined, ["m2", "m1"])]);
    expect(chosen.membership.source).toBe("initial-cluster");
    expect(chosen.members.map(({ name }) => name)).toEqual(["m1", "m2"]);
    // Of a cluster that grew, the first node was given only itself.
    const grown = chooseMembership([
      node("m1", undefined, ["m1"]),
      node("m3", undefined, ["m3", "m1", "m2"]),
    ]);
    expect([grown.membership.from, grown.members.map(({ name }) => name)]).toEqual([
      "m3",
      ["m1", "m2", "m3"],
    ]);
    expect(chooseMembership([node("m1", undefined)]).membership.source).toBe("none");
  });
});
