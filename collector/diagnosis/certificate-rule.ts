/** Rules that look at each certificate of a node for one kind of fault: what they share is what they may not know. */
import type { CertificateFact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Evidence, Severity } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import type { NodeView } from "../view/cluster-view.ts";
import { listFacts } from "../view/node-reading.ts";
import { eachNode } from "./each-node.ts";
import { proveByOwnLog, proveByPeers } from "./certificate-sayings.ts";
import { createEvidence } from "./evidence.ts";
import { joinTexts } from "./format.ts";
import type { JudgedCluster } from "./judged-cluster.ts";
import { sayPlainText } from "./plain-text.ts";
import type { Rule, RuleOutcome } from "./rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "./rule.ts";

/** bad: with what is wrong. ok. unknown: with the reason. skipped: the question does not arise. */
export type CertificateAnswer =
  | { readonly kind: "bad"; readonly text: Text; readonly severity?: Severity }
  | { readonly kind: "ok" }
  | { readonly kind: "unknown"; readonly reason: Text }
  | { readonly kind: "skipped" };

export interface CertificateRule {
  readonly code: string;
  readonly runbook: string;
  readonly isFault: boolean;
  readonly severity: Severity;
  readonly source: string;
  /** Headline, with the roles of the certificates in it. */
  readonly title: (node: string, roles: string) => Text;
  /** What it means and what to do. */
  readonly advice: Text;
  readonly check: (certificate: CertificateFact, node: NodeView, cluster: JudgedCluster) => CertificateAnswer;
  /** Codes of the log catalogue by which members say this of each other's certificates: proof where the files cannot be read. */
  readonly peersSay?: readonly string[];
  /** Codes by which etcd says it of its own files. */
  readonly says?: readonly string[];
}

const RANK: Readonly<Record<Severity, number>> = { critical: 2, warning: 1, info: 0 };

export function createCertificateRule(about: CertificateRule): Rule {
  return {
    code: about.code,
    layer: "config",
    isFault: about.isFault,
    respondWithin: RESPOND_WITHIN,
    runbook: about.runbook,
    holdMs: 0,
    quietMs: 2000,
    evaluate: eachNode(({ node, cluster }) => {
      const subject = nodeSubject(node.name);
      const answers = listFacts(node.state, "certificate")
        .map((certificate) => ({ certificate, answer: about.check(certificate, node, cluster) }))
        .filter(({ answer }) => answer.kind !== "skipped");
      // hardly ever asked for: only where something is wrong or not known
      const listProofs = (): readonly Evidence[] => [
        ...proveByOwnLog(cluster, node, about.says ?? []),
        ...proveByPeers(cluster, node, about.peersSay ?? []),
      ];
      const bad = answers.flatMap(({ certificate, answer }) =>
        answer.kind === "bad" ? [{ certificate, ...answer }] : [],
      );
      if (bad.length === 0) {
        const unknown = answers.find(({ answer }) => answer.kind === "unknown")?.answer;
        const sayings = answers.length === 0 || unknown !== undefined ? listProofs() : [];
        if (sayings.length > 0) {
          return describeSayings(about, node.name, sayings);
        }
        const nothing = {
          en: `no certificate on ${node.name} that this could be asked of is known`,
          zh: `${node.name} 上没有可供此项检查的证书`,
        };
        if (unknown?.kind === "unknown") {
          return { kind: "unknown", subject, reason: unknown.reason };
        }
        const plain = answers.length === 0 ? sayPlainText(node) : undefined;
        if (plain !== undefined) {
          return { kind: "ok", subject, because: plain };
        }
        return answers.length === 0 ? { kind: "unknown", subject, reason: nothing } : { kind: "ok", subject };
      }
      const severities = bad.map(({ severity }) => severity ?? about.severity);
      const worst = severities.toSorted((one, other) => RANK[other] - RANK[one])[0] ?? about.severity;
      const said = joinTexts(bad.map(({ text }) => text));
      const roles = bad.map(({ certificate }) => certificate.role).join(", ");
      return {
        kind: "bad",
        subject,
        severity: worst,
        title: about.title(node.name, roles),
        detail: { en: `${said.en}. ${about.advice.en}`, zh: `${said.zh}。${about.advice.zh}` },
        evidence: [
          ...bad.map(({ text }): Evidence =>
            createEvidence({ node: node.name, source: about.source, atMs: node.state.atMs }, text),
          ),
          ...listProofs(),
        ],
      };
    }),
  };
}

/** By the logs alone: which file it is, they do not tell. */
function describeSayings(about: CertificateRule, node: string, sayings: readonly Evidence[]): RuleOutcome {
  const said = joinTexts(sayings.slice(0, 1).map(({ text }) => text));
  return {
    kind: "bad",
    subject: nodeSubject(node),
    severity: about.severity,
    title: about.title(node, "?"),
    detail: {
      en: `The files could not be compared; ${said.en}. ${about.advice.en}`,
      zh: `无法比对文件；${said.zh}。${about.advice.zh}`,
    },
    evidence: sayings,
    confidence: "likely",
  };
}
