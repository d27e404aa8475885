import { describe, expect, it } from "vitest";
import { walkTree } from "../../../collector/diagnosis/decision-tree.ts";
import type { Evaluation } from "../../../collector/diagnosis/evaluate.ts";
import type { Rule, RuleOutcome } from "../../../collector/diagnosis/rule.ts";
import { memberSubject, nodeSubject, RESPOND_WITHIN } from "../../../collector/diagnosis/rule.ts";
import { evaluateExample, THREE } from "../runbook/example-cluster.ts";

function rule(code: string, layer: Rule["layer"]): Rule {
  const evaluate = (): readonly RuleOutcome[] => [];
  return {
    code,
    layer,
    isFault: true,
    respondWithin: RESPOND_WITHIN,
    runbook: null,
    holdMs: 0,
    quietMs: 0,
    evaluate,
  };
}

const TEXT = { en: "said", zh: "说" };
const ok = (name: string): RuleOutcome => ({ kind: "ok", subject: memberSubject(name), because: TEXT });
const unknown = (name: string): RuleOutcome => ({
  kind: "unknown",
  subject: memberSubject(name),
  reason: { en: `why ${name}`, zh: `为何 ${name}` },
});
const bad = (name: string, severity: "critical" | "info" = "critical"): RuleOutcome => ({
  kind: "bad",
  subject: memberSubject(name),
  severity,
  title: { en: `bad ${name}`, zh: `坏 ${name}` },
  detail: TEXT,
  evidence: [],
});

/** A healthy cluster of which these rules said this. */
function saying(
  checks: readonly (readonly [string, Rule["layer"], readonly RuleOutcome[] | undefined])[],
): Evaluation {
  const evaluation = evaluateExample(THREE);
  expect(evaluation.state.verdict).toBe("healthy");
  return {
    ...evaluation,
    checks: checks.map(([code, layer, outcomes]) => ({ rule: rule(code, layer), outcomes })),
  };
}

describe("collector/diagnosis/decision-tree", () => {
  it("walks the layers from the process up", () => {
    const { layers } = walkTree(saying([]));
    expect(layers.map(({ layer }) => layer).join(" ")).toBe(
      "process cluster storage network config performance agent",
    );
  });

  it("takes the worst of a check's subjects, and of a layer's checks", () => {
    const { layers, state } = walkTree(
      saying([
        ["MEMBER_DOWN", "process", [ok("m1"), bad("m2"), unknown("m3")]],
        ["CRASH_LOOP", "process", [ok("m1")]],
        ["NO_LEADER", "cluster", [ok("m1")]],
      ]),
    );
    expect(state).toBe("bad");
    expect(layers[0]).toMatchObject({ state: "bad", summary: { en: "bad m2", zh: "坏 m2" } });
    expect(layers[0]?.checks).toMatchObject([
      { code: "MEMBER_DOWN", state: "bad", severity: "critical" },
      { code: "CRASH_LOOP", state: "ok", severity: null },
    ]);
    expect(layers[1]).toMatchObject({ state: "ok", summary: { en: "said" } });
  });

  it("never takes unknown for ok: a blind check makes its layer unknown, with the reason", () => {
    const { layers, state } = walkTree(
      saying([
        ["MEMBER_DOWN", "process", [ok("m1"), unknown("m2")]],
        ["NO_LEADER", "cluster", [ok("m1")]],
      ]),
    );
    expect(layers[0]).toMatchObject({ state: "unknown", summary: { en: "why m2" } });
    expect(state).toBe("unknown");
  });

  it("stands one blind spot above the cluster, but no layer that is wholly blind", () => {
    const well = [
      ["MEMBER_DOWN", "process", [ok("m1")]],
      ["NO_LEADER", "cluster", [ok("m1")]],
    ] as const;
    const some = saying([
      ...well,
      ["DISK_FULL", "storage", [ok("m1")]],
      ["DISK_SLOW", "storage", [unknown("m1")]],
    ]);
    expect(walkTree(some).state).toBe("ok");
    const none = saying([...well, ["DISK_FULL", "storage", [unknown("m1")]]]);
    expect(walkTree(none).state).toBe("unknown");
  });

  it("says of a check that failed itself that it did", () => {
    const { layers, state } = walkTree(saying([["MEMBER_DOWN", "process", undefined]]));
    expect(layers[0]).toMatchObject({
      state: "unknown",
      summary: { en: 'the check "etcd runs" itself failed' },
    });
    expect(state).toBe("unknown");
  });

  it("makes no layer bad for what is only worth knowing", () => {
    const { layers, state } = walkTree(saying([["EVEN_VOTERS", "cluster", [bad("m1", "info")]]]));
    expect(layers[1]).toMatchObject({ state: "ok", checks: [{ state: "bad", severity: "info" }] });
    expect(state).toBe("ok");
  });

  it("asked of one node, leaves out what that node cannot know of others, never what it knows", () => {
    const outcomes = [unknown("m1"), unknown("m2"), bad("m3")];
    const { layers } = walkTree(saying([["MEMBER_DOWN", "process", outcomes]]), { node: "node-1" });
    expect(layers.some(({ layer }) => layer === "agent")).toBe(false);
    expect(layers[0]?.checks[0]?.subjects.map(({ subject }) => subject.name)).toEqual(["m1", "m3"]);
    const elsewhere = saying([
      ["DISK_FULL", "storage", [{ ...unknown("x"), subject: nodeSubject("node-2") }]],
    ]);
    expect(walkTree(elsewhere, { node: "node-1" }).layers[2]?.checks).toEqual([]);
  });

  it("is what the real rules said, each once", () => {
    const evaluation = evaluateExample(THREE.map((one) => ({ ...one, isUp: one.name !== "m3" })));
    const codes = walkTree(evaluation).layers.flatMap(({ checks }) => checks.map(({ code }) => code));
    const asked = evaluation.checks.filter(({ outcomes }) => outcomes?.length !== 0);
    expect(codes.toSorted()).toEqual(asked.map(({ rule: { code } }) => code).toSorted());
  });
});
