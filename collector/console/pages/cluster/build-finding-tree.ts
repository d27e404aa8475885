/** Findings as the tree of their causes: roots first, below each what it explains. Pure. */
import type { Finding } from "../../../../shared/rest.ts";

export interface FindingBranch {
  readonly finding: Finding;
  readonly effects: readonly FindingBranch[];
  /** Causes under which it is not shown: a finding stands in the tree once. */
  readonly otherCauses: readonly Finding[];
}

const WEIGHT = { critical: 0, warning: 1, info: 2 } as const;

function worstFirst(left: Finding, right: Finding): number {
  return (
    Number(right.status === "active") - Number(left.status === "active") ||
    WEIGHT[left.severity] - WEIGHT[right.severity] ||
    Date.parse(left.since) - Date.parse(right.since) ||
    left.id.localeCompare(right.id)
  );
}

export function buildFindingTree(findings: readonly Finding[]): readonly FindingBranch[] {
  const byId = new Map(findings.map((finding) => [finding.id, finding]));
  const shown = new Set<string>();

  function causesOf(finding: Finding): readonly Finding[] {
    return finding.causedBy.flatMap((id) => byId.get(id) ?? []);
  }
  function grow(finding: Finding, parent: string | undefined): FindingBranch {
    shown.add(finding.id);
    const effects = finding.explains.flatMap((id) => byId.get(id) ?? []).sort(worstFirst);
    return {
      finding,
      // An effect that has been shown meanwhile, deeper in this branch, is not shown again.
      effects: effects.flatMap((effect) => (shown.has(effect.id) ? [] : [grow(effect, finding.id)])),
      otherCauses: causesOf(finding).filter(({ id }) => id !== parent),
    };
  }

  const sorted = [...findings].sort(worstFirst);
  const roots = sorted.filter((finding) => causesOf(finding).length === 0);
  const branches = roots.map((root) => grow(root, undefined));
  // Causes that explain each other in a ring have no root; they are shown all the same.
  const rest = sorted.flatMap((finding) => (shown.has(finding.id) ? [] : [grow(finding, undefined)]));
  return [...branches, ...rest];
}
