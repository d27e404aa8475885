/**
 * A finding as an Alertmanager alert. Its labels are its identity there, so they hold only what every collector of a pair
 * says alike: nothing of time, confidence or causes. Pure.
 */
import type { Finding, Severity } from "../../shared/rest.ts";

export type AlertLabels = Readonly<Record<string, string>>;

export interface AlertTexts {
  readonly labels: AlertLabels;
  readonly annotations: Readonly<Record<string, string>>;
}

const RANK: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 };

export function isAtLeast(severity: Severity, minimum: Severity): boolean {
  return RANK[severity] >= RANK[minimum];
}

/** The same labels, the same text: a key for maps. */
export function labelsKey(labels: AlertLabels): string {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name}=${labels[name] ?? ""}`)
    .join("\n");
}

export function toAlert(cluster: string, finding: Finding): AlertTexts {
  const { subject } = finding;
  const isOfMember = subject.kind === "member";
  return {
    labels: {
      alertname: `Etcdscope${camelCase(finding.code)}`,
      cluster,
      code: finding.code,
      severity: finding.severity,
      layer: finding.layer,
      ...(isOfMember ? { member: subject.name } : {}),
      ...(subject.kind === "node" ? { node: subject.name } : {}),
      ...(subject.kind === "link" ? { from: subject.name, to: subject.peer ?? "" } : {}),
    },
    annotations: {
      summary: `${cluster}: ${finding.title.en}`,
      summary_zh: `${cluster}: ${finding.title.zh}`,
      description: finding.detail.en,
      description_zh: finding.detail.zh,
      respond_within: finding.respondWithin,
      root_cause: String(finding.rootCause),
      confidence: finding.confidence,
      finding_id: finding.id,
      ...(finding.runbook === null ? {} : { runbook: runbookCommand(cluster, finding) }),
    },
  };
}

function runbookCommand(cluster: string, { code, subject }: Finding): string {
  const member = subject.kind === "member" ? ` --member ${subject.name}` : "";
  return `etcdscope runbook ${code} --cluster ${cluster}${member}`;
}

/** DISK_FULL → DiskFull */
function camelCase(code: string): string {
  return code
    .split("_")
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join("");
}
