/** An evaluation as terse text, without times, so that a reader sees what an operator would be told. */
import type { Evaluation } from "../../collector/diagnosis/evaluate.ts";
import type { Finding, Subject } from "../../shared/rest.ts";

export function describeState(evaluation: Evaluation): string {
  const { verdict, headline, quorum, leader, members, coverage } = evaluation.state;
  const groups = quorum.groups.map((group) => `[${group.join(" ")}]`).join(" ");
  const disagreeing =
    leader !== null && leader.disagreeing.length > 0 ? `, not ${leader.disagreeing.join(" ")}` : "";
  const leads =
    leader === null
      ? "none"
      : `${leader.member} in term ${leader.term}, agreed by ${leader.agreedBy.join(" ")}${disagreeing}`;
  return [
    `${verdict}: ${headline.en}`,
    `quorum    ${quorum.serving} of ${quorum.voters} serve, ${quorum.needed} needed, tolerance ${quorum.tolerance} ${groups}`,
    `leader    ${leads}`,
    ...members.map(
      ({ name, state, role, agent, why }) =>
        `${name.padEnd(9)} ${state} ${role}, agent ${agent.state}: ${why.en}`,
    ),
    ...(verdict === "unknown" ? coverage.blindSpots.map(({ en }) => `unseen    ${en}`) : []),
    describeFindings(evaluation, false),
  ]
    .filter((line) => line !== "")
    .join("\n");
}

export function describeFindings(evaluation: Evaluation, isLong: boolean): string {
  const { findings } = evaluation.state;
  const byId = new Map(findings.map((finding) => [finding.id, finding]));
  return findings
    .flatMap((finding) => {
      const causes = finding.causedBy.map((id) => nameFinding(byId.get(id)));
      const why = finding.rootCause ? "root cause" : `<- ${causes.join(", ") || "not seen yet"}`;
      const { severity, confidence } = finding;
      const line = `finding   ${nameFinding(finding)} ${severity} ${confidence}, ${why}`;
      return isLong ? [line, ...describeLong(finding)] : [line];
    })
    .join("\n");
}

function describeLong(finding: Finding): readonly string[] {
  return [
    `  title   ${finding.title.en}`,
    `  标题    ${finding.title.zh}`,
    `  detail  ${finding.detail.en}`,
    `  详情    ${finding.detail.zh}`,
    ...finding.evidence.map(({ node, source, text, value, threshold, unit }) => {
      const measure =
        value === undefined
          ? ""
          : ` (${value}${threshold === undefined ? "" : `, limit ${threshold}`} ${unit})`;
      return `  saw     ${node} ${source}: ${text.en}${measure}`;
    }),
    ...finding.ruledOut.map(({ code, because }) => `  not     ${code}: ${because.en}`),
  ];
}

/** What the named findings rest on, in both languages, and how long ago it was seen. */
export function describeEvidence(evaluation: Evaluation, codes: readonly string[]): string {
  const { findings, at } = evaluation.state;
  return findings
    .filter(({ code }) => codes.includes(code))
    .flatMap((finding) => [
      nameFinding(finding),
      ...finding.evidence.flatMap((one) => {
        const ago = Math.round((Date.parse(at) - Date.parse(one.at)) / 1000);
        return [
          `  saw     ${one.node} ${one.source}, ${ago} s ago: ${one.text.en}`,
          `  证据    ${one.text.zh}`,
        ];
      }),
    ])
    .join("\n");
}

/** What the named rules say of each subject. */
export function describeChecks(evaluation: Evaluation, codes: readonly string[]): string {
  return evaluation.checks
    .filter(({ rule }) => codes.includes(rule.code))
    .flatMap(({ rule, outcomes }) =>
      (outcomes ?? []).map((outcome) => {
        const text =
          outcome.kind === "ok"
            ? outcome.because
            : outcome.kind === "unknown"
              ? outcome.reason
              : outcome.title;
        const said = text === undefined ? "" : `: ${text.en}`;
        return `${rule.code} ${nameSubject(outcome.subject)} ${outcome.kind}${said}`;
      }),
    )
    .join("\n");
}

export function describeLinks(evaluation: Evaluation): string {
  return evaluation.links
    .map(({ from, to, port, state, why }) => `${from}>${to} ${port} ${state}: ${why.en}`)
    .join("\n");
}

function nameFinding(finding: Finding | undefined): string {
  return finding === undefined ? "?" : `${finding.code} ${nameSubject(finding.subject)}`;
}

function nameSubject({ kind, name, peer }: Subject): string {
  return kind === "cluster" ? "cluster" : peer === undefined ? name : `${name}>${peer}`;
}
