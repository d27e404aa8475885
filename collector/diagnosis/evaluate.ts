/**
 * The whole diagnosis of one cluster at one moment: frames in force → view → judgement → rules → findings → the state
 * that users read. Pure; everything it needs to remember is in the tracker that it returns.
 */
import type {
  CertificateReport,
  ClusterState,
  ClusterSummary,
  Finding,
  LinkReport,
} from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import type { CollectorTrouble } from "../view/cluster-view.ts";
import { derive } from "../view/derive.ts";
import type { ClusterFrames } from "../view/node-state.ts";
import type { Attribution } from "./causes.ts";
import { attribute } from "./causes.ts";
import { formatTime } from "./format.ts";
import { judge } from "./judge.ts";
import type { JudgedCluster } from "./judged-cluster.ts";
import { linger, type Lingered } from "./linger.ts";
import { RULES } from "./registry.ts";
import { reportCertificates, reportLinks } from "./report-lists.ts";
import { reportState } from "./report-state.ts";
import type { Rule } from "./rule.ts";
import { subjectKey } from "./rule.ts";
import type { Thresholds } from "./thresholds.ts";
import type { RuleResult, Track, Tracker } from "./track.ts";
import { track } from "./track.ts";
import { waitForKept } from "./wait-for-kept.ts";

export interface EvaluateOptions {
  readonly nowMs: number;
  readonly thresholds: Thresholds;
  /** What the configuration says that the cluster should have. */
  readonly expectedVoters: number | undefined;
  readonly collectorStartedAtMs: number;
  /** undefined: not known, as in the past. */
  readonly collectorTroubles?: readonly CollectorTrouble[] | undefined;
  /** The registry when absent. */
  readonly rules?: readonly Rule[];
}

/** A fault of our own: a rule that threw. The rest of the evaluation stands. */
export interface RuleProblem {
  readonly code: string;
  readonly cause: unknown;
}

export interface Evaluation {
  readonly state: ClusterState;
  /** What the rules saw: for the decision tree and the runbooks. */
  readonly cluster: JudgedCluster;
  /** Over at this look: each comes once, with `until`. */
  readonly resolved: readonly Finding[];
  readonly links: readonly LinkReport[];
  readonly certificates: readonly CertificateReport[];
  /** What every rule said of every subject, for the decision tree. */
  readonly checks: readonly RuleResult[];
  readonly tracker: Tracker;
  readonly problems: readonly RuleProblem[];
}

interface Look extends Pick<Evaluation, "cluster" | "checks" | "tracker" | "problems">, Lingered {}

/** What the next look needs of this one, which itself is not told. */
export function carryOn(frames: ClusterFrames, tracker: Tracker, options: EvaluateOptions): Tracker {
  return look(frames, tracker, options).tracker;
}

function look(frames: ClusterFrames, tracker: Tracker, options: EvaluateOptions): Look {
  const { nowMs, thresholds } = options;
  const view = derive(frames, {
    nowMs,
    expectedVoters: options.expectedVoters,
    limits: thresholds,
    collectorStartedAtMs: options.collectorStartedAtMs,
    collectorTroubles: options.collectorTroubles,
  });
  const cluster = judge(view, { thresholds, memory: tracker.memory });
  const problems: RuleProblem[] = [];
  const checks = (options.rules ?? RULES).map((rule): RuleResult => {
    try {
      return waitForKept({ rule, outcomes: rule.evaluate(cluster, thresholds) }, view);
    } catch (cause) {
      problems.push({ code: rule.code, cause });
      return { rule, outcomes: undefined };
    }
  });
  const lingered = linger(
    track(tracker.tracks, checks, { cluster: frames.cluster, nowMs }),
    nowMs,
    (active) => attribute(cluster, active, checks),
  );
  const after: Tracker = { tracks: lingered.tracked.tracks, memory: cluster.memory };
  return { cluster, checks, problems, tracker: after, ...lingered };
}

export function evaluate(frames: ClusterFrames, tracker: Tracker, options: EvaluateOptions): Evaluation {
  const { nowMs } = options;
  const { cluster, checks, problems, tracked, ...rest } = look(frames, tracker, options);
  const attributions = rest.attribute();
  const rules = new Map(checks.map(({ rule }) => [rule.code, rule]));
  const isNow = new Set(
    tracked.active.filter(({ okSinceMs }) => okSinceMs === undefined).map(({ id }) => id),
  );
  const findings = tracked.active
    .map((one) => toFinding(one, rules.get(one.code), attributions.get(one.id)))
    .sort((one, other) => compareFindings(one, other, isNow));
  const resolved = tracked.resolved.map((one) => ({
    ...toFinding(one, rules.get(one.code), undefined),
    status: "resolved" as const,
    until: formatTime(one.okSinceMs ?? nowMs),
  }));
  const present = findings.filter(({ id }) => isNow.has(id));
  const fault = cluster.verdict === "healthy" ? findFault(present, rules) : undefined;
  // of most looks nobody asks for the lists
  let links: readonly LinkReport[] | undefined;
  let certificates: readonly CertificateReport[] | undefined;
  return {
    cluster,
    state: reportState(degrade(cluster, fault), findings),
    resolved,
    get links() {
      return (links ??= reportLinks(cluster));
    },
    get certificates() {
      return (certificates ??= reportCertificates(cluster));
    },
    checks,
    tracker: rest.tracker,
    problems,
  };
}

/** One line of the list of clusters. */
export function summarize(state: ClusterState): ClusterSummary {
  return {
    name: state.cluster,
    verdict: state.verdict,
    headline: state.headline,
    tolerance: state.quorum.tolerance,
    leader: state.leader?.member ?? null,
    openIncident: state.openIncident,
  };
}

function findFault(findings: readonly Finding[], rules: ReadonlyMap<string, Rule>): Finding | undefined {
  return findings.find(({ code, severity }) => severity !== "info" && rules.get(code)?.isFault === true);
}

/** All voters serve and something is broken all the same. */
function degrade(cluster: JudgedCluster, fault: Finding | undefined): JudgedCluster {
  if (fault === undefined) {
    return cluster;
  }
  const headline: Text = {
    en: `${cluster.headline.en}; ${beforeColon(fault.title.en)}`,
    zh: `${cluster.headline.zh}；${beforeColon(fault.title.zh)}`,
  };
  return { ...cluster, verdict: "degraded", headline };
}

/** A title is "what: figures"; the finding itself tells the figures. */
function beforeColon(title: string): string {
  return title.split(/: |：/)[0] ?? title;
}

const SEVERITY_ORDER = { critical: 0, warning: 1, info: 2 } as const;

/** Root causes first, then the worst, then the oldest. */
/** Of the root causes first what holds now: what is well again, and only not yet for long enough, needs nobody. */
function compareFindings(one: Finding, other: Finding, isNow: ReadonlySet<string>): number {
  return (
    Number(other.rootCause) - Number(one.rootCause) ||
    (one.rootCause ? Number(isNow.has(other.id)) - Number(isNow.has(one.id)) : 0) ||
    SEVERITY_ORDER[one.severity] - SEVERITY_ORDER[other.severity] ||
    (one.since < other.since ? -1 : one.since > other.since ? 1 : 0) ||
    (sortKey(one) < sortKey(other) ? -1 : 1)
  );
}

function sortKey({ code, subject }: Finding): string {
  return `${code}/${subjectKey(subject)}`;
}

const UNATTRIBUTED: Attribution = {
  rootCause: false,
  causedBy: [],
  explains: [],
  confidence: "certain",
  ruledOut: [],
};

function toFinding(one: Track, rule: Rule | undefined, attribution: Attribution | undefined): Finding {
  const { severity, title, detail, evidence } = one.outcome;
  return {
    id: one.id,
    code: one.code,
    layer: rule?.layer ?? "agent",
    severity,
    subject: one.subject,
    status: "active",
    since: formatTime(one.sinceMs),
    lastSeen: formatTime(one.lastBadMs),
    until: null,
    ...(attribution ?? UNATTRIBUTED),
    title,
    detail,
    respondWithin: rule?.respondWithin[severity] ?? "7d",
    runbook: rule?.runbook ?? null,
    evidence,
  };
}
