/** What to do first about what was found: the first look of the root cause's runbook. It changes nothing. */
import type { Diagnosis, DiagnosisLayer, DiagnosisNext, Finding } from "../../shared/rest.ts";
import type { DecisionTree } from "../diagnosis/decision-tree.ts";
import type { Evaluation } from "../diagnosis/evaluate.ts";
import type { JudgedCluster } from "../diagnosis/judged-cluster.ts";
import { renderRunbook } from "./render-runbook.ts";

/** What reads a node's log when only its agent can find it: no advice for whoever has just run it. */
const DIAGNOSE = "etcdscope diagnose";

/** The tree with what to do first: of all, and of each layer that is bad. `isOnNode`: told by `etcdscope diagnose` itself. */
export function addNext(
  tree: DecisionTree,
  evaluation: Evaluation,
  { isOnNode }: { readonly isOnNode: boolean } = { isOnNode: false },
): Diagnosis {
  const find = (codes?: ReadonlySet<string>): DiagnosisNext | null =>
    findNext(evaluation, {
      ...(codes === undefined ? {} : { codes }),
      without: isOnNode ? DIAGNOSE : undefined,
    });
  const layers = tree.layers.map((layer): DiagnosisLayer => {
    const bad = new Set(layer.checks.flatMap(({ state, code }) => (state === "bad" ? [code] : [])));
    return { ...layer, next: layer.state === "bad" ? find(bad) : null };
  });
  return { ...tree, layers, next: find() };
}

export interface NextRequest {
  /** Only of findings with one of them; absent: of all. */
  readonly codes?: ReadonlySet<string>;
  /** A command that is no help. */
  readonly without?: string | undefined;
}

/** null: nothing active has a runbook with a command that can be run as it is. */
export function findNext(
  { cluster, state }: Evaluation,
  { codes, without }: NextRequest = {},
): DiagnosisNext | null {
  const asked = state.findings.filter(({ code }) => codes === undefined || codes.has(code));
  const ranked = [...asked.filter(({ rootCause }) => rootCause), ...asked];
  for (const finding of ranked.filter(({ severity }) => severity !== "info")) {
    const member = memberOf(cluster, finding);
    const runbook = renderRunbook(cluster, { code: finding.code, member });
    const step = runbook?.steps.find(
      ({ risk, command }) =>
        risk === "read-only" && command !== null && command !== without && !command.includes(":?}"),
    );
    if (step?.command !== null && step !== undefined) {
      return { code: finding.code, member: member ?? null, text: step.title, command: step.command };
    }
  }
  return null;
}

/** The member that a finding is about; of a link the far end, which is the one to look at. */
export function memberOf(cluster: JudgedCluster, { subject }: Finding): string | undefined {
  switch (subject.kind) {
    case "member":
      return subject.name;
    case "link":
      return subject.peer ?? subject.name;
    case "node":
      return cluster.view.nodes.find(({ name }) => name === subject.name)?.member;
    case "cluster":
      return undefined;
  }
}

/** The member that a runbook is for when none is named: that of the first finding with the code. */
export function chooseMember({ cluster, state }: Evaluation, code: string): string | undefined {
  const finding = state.findings.find((one) => one.code === code);
  return finding === undefined ? undefined : memberOf(cluster, finding);
}
