import { describe, expect, it } from "vitest";
import {
  buildFindingTree,
  type FindingBranch,
} from "../../../collector/console/pages/cluster/build-finding-tree.ts";
import { chooseVerdictLines } from "../../../collector/console/parts/verdict-lines.ts";
import type { ClusterState, Finding } from "../../../shared/rest.ts";

const TEXT = { en: "", zh: "" };

function finding(id: string, change: Partial<Finding> = {}): Finding {
  return {
    id,
    code: id.toUpperCase(),
    layer: "process",
    severity: "warning",
    subject: { kind: "member", name: "m1" },
    status: "active",
    since: "2026-11-22T03:12:09.000Z",
    lastSeen: "2026-11-22T03:12:09.000Z",
    until: null,
    rootCause: false,
    causedBy: [],
    explains: [],
    confidence: "certain",
    title: TEXT,
    detail: TEXT,
    respondWithin: "0s",
    runbook: null,
    evidence: [],
    ruledOut: [],
    ...change,
  };
}

/** "a(b c(d))" */
function draw(branches: readonly FindingBranch[]): string {
  return branches
    .map((branch) => branch.finding.id + (branch.effects.length === 0 ? "" : `(${draw(branch.effects)})`))
    .join(" ");
}

describe("collector/console/pages/cluster/build-finding-tree", () => {
  it("puts each finding below what explains it, the worst first", () => {
    const findings = [
      finding("down", { causedBy: ["full"], explains: ["risk"], severity: "critical" }),
      finding("risk", { causedBy: ["down"] }),
      finding("full", { rootCause: true, explains: ["down"], severity: "critical" }),
      finding("cert", { rootCause: true, severity: "info" }),
    ];
    expect(draw(buildFindingTree(findings))).toBe("full(down(risk)) cert");
  });

  it("shows an effect of two causes once, and names the other cause", () => {
    const findings = [
      finding("a", { explains: ["c"] }),
      finding("b", { explains: ["c"] }),
      finding("c", { causedBy: ["a", "b"] }),
    ];
    const tree = buildFindingTree(findings);
    expect(draw(tree)).toBe("a(c) b");
    expect(tree[0]?.effects[0]?.otherCauses.map(({ id }) => id)).toEqual(["b"]);
  });

  it("loses nothing in a ring, nor when a cause is not in the list", () => {
    const ring = [
      finding("a", { causedBy: ["b"], explains: ["b"] }),
      finding("b", { causedBy: ["a"], explains: ["a"] }),
      finding("c", { causedBy: ["gone"], explains: ["gone"] }),
    ];
    expect(draw(buildFindingTree(ring))).toBe("c a(b)");
  });
});

describe("collector/console/parts/verdict-lines", () => {
  it("tells causes, effects and what was ruled out, each alternative once", () => {
    const because = { en: "no", zh: "否" };
    const state = {
      findings: [
        finding("old", { status: "resolved", rootCause: true }),
        finding("note", { severity: "info", rootCause: true }),
        finding("effect"),
        finding("first", { rootCause: true, severity: "critical", ruledOut: [{ code: "X", because }] }),
        finding("second", {
          rootCause: true,
          ruledOut: [
            { code: "X", because },
            { code: "Y", because },
          ],
        }),
      ],
    } as unknown as ClusterState;
    const lines = chooseVerdictLines(state);
    expect(lines.causes.map(({ id }) => id)).toEqual(["first", "second"]);
    expect(lines.effects.map(({ id }) => id)).toEqual(["effect"]);
    expect(lines.ruledOut.map(({ code }) => code)).toEqual(["X", "Y"]);
  });
});
