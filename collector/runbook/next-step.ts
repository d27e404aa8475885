/** What to do first about what was found: the first look of the root cause's runbook. It changes nothing. */
import type { DiagnosisNext, Finding } from "../../shared/rest.ts";
import type { Evaluation } from "../diagnosis/evaluate.ts";
import type { JudgedCluster } from "../diagnosis/judged-cluster.ts";
import { renderRunbook } from "./render-runbook.ts";

/** null: nothing active has a runbook with a command that can be run as it is. */
export function findNext({ cluster, state }: Evaluation): DiagnosisNext | null {
  const ranked = [...state.findings.filter(({ rootCause }) => rootCause), ...state.findings];
  for (const finding of ranked.filter(({ severity }) => severity !== "info")) {
    const member = memberOf(cluster, finding);
    const runbook = renderRunbook(cluster, { code: finding.code, member });
    const step = runbook?.steps.find(
      ({ risk, command }) => risk === "read-only" && command !== null && !command.includes(":?}"),
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
