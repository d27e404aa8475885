/**
 * What a rule is: one file that reads the judged cluster and nothing else, and one line in registry.ts. A rule looks at
 * each subject it knows and says ok, bad or unknown; hold and quiet times, identity and causes are not its business.
 * "Could not compare" is unknown with the reason, never ok.
 */
import type { Confidence, Evidence, FindingLayer, Severity, Subject } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import type { JudgedCluster } from "./judged-cluster.ts";
import type { Thresholds } from "./thresholds.ts";

export interface OkOutcome {
  readonly kind: "ok";
  readonly subject: Subject;
  /** The fact that shows it, told when this is ruled out as a cause; undefined: not worth telling. */
  readonly because?: Text;
}

export interface UnknownOutcome {
  readonly kind: "unknown";
  readonly subject: Subject;
  readonly reason: Text;
  /** It takes more looks, or the eyes of other nodes: what a single look of one node cannot tell by its nature. */
  readonly isBeyondOneLook?: true;
  /** Something else explains by now whatever was seen: what was told before is over after its quiet time, as with ok. */
  readonly isExplained?: true;
}

export interface BadOutcome {
  readonly kind: "bad";
  readonly subject: Subject;
  readonly severity: Severity;
  readonly title: Text;
  readonly detail: Text;
  readonly evidence: readonly Evidence[];
  /** How sure the finding itself is; certain when absent. */
  readonly confidence?: Confidence;
  /** When it began by the evidence; the first look that showed it when absent. */
  readonly sinceMs?: number;
  /** Where this case needs less time than the rule's others to be told. */
  readonly holdMs?: number;
}

export type RuleOutcome = OkOutcome | UnknownOutcome | BadOutcome;

export interface Rule {
  /** Stable name that users alert on. */
  readonly code: string;
  readonly layer: FindingLayer;
  /** Something is broken now, so that a cluster with it is not healthy; false for what is only coming or unseen. */
  readonly isFault: boolean;
  /** How soon somebody should act, by severity, as a duration. */
  readonly respondWithin: Readonly<Record<Severity, string>>;
  readonly runbook: string | null;
  /** It must be bad for so long before it is told; 0: at once. */
  readonly holdMs: number;
  /** It must be ok for so long before it is over; longer than holdMs. */
  readonly quietMs: number;
  /** It judges a stretch of time: after a reconnect it waits for what the agent kept of it (wait-for-kept.ts). */
  readonly looksBack?: true;
  readonly evaluate: (cluster: JudgedCluster, thresholds: Thresholds) => readonly RuleOutcome[];
}

/** What most rules answer to. */
export const RESPOND_WITHIN: Readonly<Record<Severity, string>> = {
  critical: "5m",
  warning: "4h",
  info: "7d",
};

export function memberSubject(name: string): Subject {
  return { kind: "member", name };
}

export function nodeSubject(name: string): Subject {
  return { kind: "node", name };
}

export function clusterSubject(cluster: JudgedCluster): Subject {
  return { kind: "cluster", name: cluster.view.cluster };
}

/** Names a subject among all of a cluster. */
export function subjectKey(subject: Subject): string {
  return `${subject.kind}/${subject.name}${subject.peer === undefined ? "" : `/${subject.peer}`}`;
}
