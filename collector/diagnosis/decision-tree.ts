/**
 * The decision tree that an operator walks: process → cluster → storage → network → configuration → performance, and last
 * whether we see at all. A pure reading of what the rules said at one look; nothing is judged a second time in here.
 */
import type {
  CheckState,
  Diagnosis,
  DiagnosisCheck,
  DiagnosisLayer,
  FindingLayer,
  Severity,
  Subject,
  SubjectCheck,
} from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import { nameCode } from "./code-names.ts";
import type { Evaluation } from "./evaluate.ts";
import { joinTexts } from "./format.ts";
import type { JudgedCluster } from "./judged-cluster.ts";
import type { Rule, RuleOutcome } from "./rule.ts";
import type { RuleResult } from "./track.ts";

/** In the order in which they are walked: what is below explains what is above. */
const LAYERS: readonly { readonly layer: FindingLayer; readonly name: Text }[] = [
  { layer: "process", name: { en: "process", zh: "进程" } },
  { layer: "cluster", name: { en: "cluster", zh: "集群" } },
  { layer: "storage", name: { en: "storage", zh: "存储" } },
  { layer: "network", name: { en: "network", zh: "网络" } },
  { layer: "config", name: { en: "config", zh: "配置" } },
  { layer: "performance", name: { en: "performance", zh: "性能" } },
  { layer: "agent", name: { en: "observation", zh: "观测" } },
];
/** Without an answer to these there is no diagnosis; the others may have blind spots. */
const ESSENTIAL: ReadonlySet<FindingLayer> = new Set(["process", "cluster"]);
/** In a layer's sentence; all are in its checks. */
const MAX_SAID = 3;
const SEVERITIES: readonly Severity[] = ["critical", "warning", "info"];

export interface TreeScope {
  /** Only what this node can speak of: itself, its member, the links from it, the cluster, and what is bad elsewhere. */
  readonly node: string;
}

type Layer = Omit<DiagnosisLayer, "next">;

/** Everything but what to do next, which is the runbooks' matter. */
export interface DecisionTree extends Omit<Diagnosis, "next" | "layers"> {
  readonly layers: readonly Layer[];
}

export function walkTree(evaluation: Evaluation, scope?: TreeScope): DecisionTree {
  const { state, cluster, checks } = evaluation;
  const isInScope = createFilter(cluster, scope);
  const layers = LAYERS.filter(({ layer }) => scope === undefined || layer !== "agent").map(
    ({ layer, name }): Layer => {
      const asked = checks
        .filter(({ rule }) => rule.layer === layer)
        .flatMap((result) => readCheck(result, isInScope));
      return { layer, name, ...summarize(asked), checks: asked };
    },
  );
  return {
    cluster: state.cluster,
    at: state.at,
    verdict: state.verdict,
    headline: state.headline,
    state: decide(evaluation, layers),
    layers,
  };
}

function decide({ state }: Evaluation, layers: readonly Layer[]): CheckState {
  const isBlind = (layer: Layer): boolean =>
    layer.state === "unknown" &&
    layer.checks.length > 0 &&
    (ESSENTIAL.has(layer.layer) || layer.checks.every((check) => check.state === "unknown"));
  if (layers.some((layer) => layer.state === "bad") || isBadVerdict(state.verdict)) {
    return "bad";
  }
  return state.verdict === "unknown" || layers.some(isBlind) ? "unknown" : "ok";
}

function isBadVerdict(verdict: Diagnosis["verdict"]): boolean {
  return verdict === "quorum-lost" || verdict === "no-leader" || verdict === "at-risk";
}

type Filter = (outcome: RuleOutcome, rule: Pick<Rule, "code" | "layer">) => boolean;

function createFilter(cluster: JudgedCluster, scope: TreeScope | undefined): Filter {
  if (scope === undefined) {
    return () => true;
  }
  const member = cluster.view.nodes.find(({ name }) => name === scope.node)?.member;
  const isOwn = ({ kind, name }: Subject): boolean =>
    kind === "cluster" || (kind === "node" ? name === scope.node : name === member);
  // Before any member list was seen, of an etcd that only its flags, unit or log tell of, nobody can know what it stores or how it votes.
  const isMoot = (outcome: RuleOutcome, layer: FindingLayer): boolean =>
    cluster.view.membership.source !== "list" && outcome.subject.kind === "member" && layer !== "process";
  return (outcome, { code, layer }) =>
    !(outcome.kind === "unknown" && (outcome.isBeyondOneLook === true || isMoot(outcome, layer))) &&
    // That this node is reached by itself is no news.
    (isOwn(outcome.subject) ? code !== "NODE_UNREACHABLE" : outcome.kind !== "unknown");
}

/** None when nothing of it is in scope. */
function readCheck({ rule, outcomes }: RuleResult, isInScope: Filter): readonly DiagnosisCheck[] {
  const head = { code: rule.code, name: nameCode(rule.code), runbook: rule.runbook };
  if (outcomes === undefined) {
    return [{ ...head, state: "unknown", severity: null, subjects: [] }];
  }
  const asked = outcomes.filter((outcome) => isInScope(outcome, rule));
  const severities = asked.flatMap((outcome) => (outcome.kind === "bad" ? [outcome.severity] : []));
  const severity = SEVERITIES.find((one) => severities.includes(one)) ?? null;
  return asked.length === 0
    ? []
    : [{ ...head, state: worst(asked.map(({ kind }) => kind)), severity, subjects: asked.map(readSubject) }];
}

function readSubject(outcome: RuleOutcome): SubjectCheck {
  const { kind: state, subject } = outcome;
  switch (outcome.kind) {
    case "ok":
      return { subject, state, text: outcome.because ?? null, evidence: [] };
    case "unknown":
      return { subject, state, text: outcome.reason, evidence: [] };
    case "bad":
      return { subject, state, text: outcome.title, evidence: outcome.evidence };
  }
}

function worst(states: readonly CheckState[]): CheckState {
  return states.includes("bad") ? "bad" : states.includes("unknown") ? "unknown" : "ok";
}

/** What is only worth knowing (info) makes no layer bad. */
function summarize(checks: readonly DiagnosisCheck[]): Pick<Layer, "state" | "summary"> {
  const bad = checks.filter(({ state, severity }) => state === "bad" && severity !== "info");
  if (bad.length > 0) {
    return { state: "bad", summary: sayFirst(bad, "bad") };
  }
  const unknown = checks.filter(({ state }) => state === "unknown");
  if (unknown.length > 0) {
    return { state: "unknown", summary: sayFirst(unknown, "unknown") };
  }
  if (checks.length === 0) {
    const summary = { en: "nothing to check it by here", zh: "此处没有可用的检查" };
    return { state: "unknown", summary };
  }
  return { state: "ok", summary: sayFirst(checks, "ok") };
}

function sayFirst(checks: readonly DiagnosisCheck[], state: CheckState): Text {
  const all = checks.flatMap(({ subjects, name }) => {
    const texts = subjects.flatMap((one) => (one.state === state && one.text !== null ? [one.text] : []));
    return subjects.length === 0 ? [sayFailed(name)] : texts;
  });
  const distinct = all.filter(({ en }, index) => all.findIndex((one) => one.en === en) === index);
  const shown = distinct.slice(0, MAX_SAID);
  const left = distinct.length - shown.length;
  const more = left > 0 ? [{ en: `and ${left} more`, zh: `另有 ${left} 项` }] : [];
  const names = checks.map(({ name }) => name).slice(0, MAX_SAID);
  return joinTexts(shown.length > 0 ? [...shown, ...(state === "ok" ? [] : more)] : names);
}

function sayFailed(name: Text): Text {
  return { en: `the check "${name.en}" itself failed`, zh: `检查“${name.zh}”自身出错` };
}
