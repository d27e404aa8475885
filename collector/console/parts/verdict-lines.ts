/** What the operator at 03:00 reads below the verdict: cause, effect, what it is not. Pure choice among the findings. */
import type { ClusterState, Finding } from "../../../shared/rest.ts";
import type { Text } from "../../../shared/text.ts";

export interface VerdictLines {
  readonly causes: readonly Finding[];
  readonly effects: readonly Finding[];
  readonly ruledOut: readonly { readonly code: string; readonly because: Text }[];
}

/** More at once are read by nobody; all of them are in the tree below. */
const MAX_CAUSES = 3;
const MAX_EFFECTS = 3;
const MAX_RULED_OUT = 3;
const WEIGHT = { critical: 0, warning: 1, info: 2 } as const;

export function chooseVerdictLines(state: ClusterState): VerdictLines {
  const active = state.findings.filter(({ status, severity }) => status === "active" && severity !== "info");
  const sorted = [...active].sort(
    (left, right) =>
      WEIGHT[left.severity] - WEIGHT[right.severity] || Date.parse(left.since) - Date.parse(right.since),
  );
  const causes = sorted.filter(({ rootCause }) => rootCause).slice(0, MAX_CAUSES);
  const effects = sorted.filter(({ rootCause }) => !rootCause).slice(0, MAX_EFFECTS);
  const seen = new Set<string>();
  const ruledOut = causes
    .flatMap((cause) => cause.ruledOut)
    .filter(({ code }) => !seen.has(code) && Boolean(seen.add(code)))
    .slice(0, MAX_RULED_OUT);
  return { causes, effects, ruledOut };
}

/** "m3", or for a link "m1 → m3"; the cluster itself needs no name. */
export function nameSubject({ subject }: Finding): string {
  switch (subject.kind) {
    case "cluster":
      return "";
    case "link":
      return `${subject.name} → ${subject.peer ?? "?"}`;
    case "member":
    case "node":
      return subject.name;
  }
}

/** Most titles name what they are about; the few that do not get the name in front. */
export function titleFinding(finding: Finding): Text {
  const name = finding.subject.name;
  const isNamed = finding.subject.kind === "cluster" || finding.title.en.includes(name);
  return isNamed ? finding.title : { en: `${name}: ${finding.title.en}`, zh: `${name}：${finding.title.zh}` };
}
