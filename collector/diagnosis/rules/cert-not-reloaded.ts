/**
 * CERT_NOT_RELOADED: the file of authorities is newer than the process, which reads it only at its start; or what a port shows
 * to those who connect is not the certificate in its file.
 */
import { Port, ProcessState } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import type { CertificateFact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import type { NodeView } from "../../view/cluster-view.ts";
import { findFact, listFacts } from "../../view/node-reading.ts";
import type { CertificateAnswer } from "../certificate-rule.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import { createCertificateRule } from "../certificate-rule.ts";
import { formatTime } from "../format.ts";
import type { Rule } from "../rule.ts";

/** A file written as etcd started may have been read or not. */
const MARGIN_MS = 10_000;
/** Each certificate file is read at least once a minute: a connection older than this was made before the last look at the file. */
const FILE_SEEN_WITHIN_MS = 90_000;

export const certNotReloaded = createCertNotReloaded(FILE_SEEN_WITHIN_MS);
/** For one look, which has read every file in the seconds in which it made its connections: it cannot wait for a second one. */
export const certNotReloadedAtOnce = createCertNotReloaded(0);

function createCertNotReloaded(fileSeenWithinMs: number): Rule {
  return createCertificateRule({
    code: "CERT_NOT_RELOADED",
    runbook: "cert-not-reloaded",
    isFault: false,
    severity: "info",
    source: "certificate file",
    title: (node, roles) => ({
      en: `etcd on ${node} does not use what is on its disk: ${roles}`,
      zh: `${node} 上的 etcd 未使用磁盘上的证书：${roles}`,
    }),
    advice: {
      en: "etcd reads certificates anew for each handshake, but authorities only at its start. Restart one member at a time, the leader last, before certificates of the new authority are handed out",
      zh: "etcd 每次握手都会重新读取证书，但 CA 只在启动时读取。在分发新 CA 签发的证书之前，请逐个重启成员，leader 最后",
    },
    check: (certificate, node, cluster) => {
      const { role, path, problem, modifiedAtUnixMs } = certificate;
      if (problem !== "") {
        return { kind: "skipped" };
      }
      if (role === "server" || role === "peer") {
        return compareServed(certificate, node, { cluster, fileSeenWithinMs });
      }
      if (role !== "client-ca" && role !== "peer-ca") {
        return { kind: "skipped" };
      }
      const process = findFact(node.state, "process", "process")?.body;
      const startedAtMs = Number(process?.startedAtUnixMs ?? 0n);
      if (process === undefined || process.state === ProcessState.ABSENT || startedAtMs === 0) {
        const reason = {
          en: `since when etcd on ${node.name} runs is not known`,
          zh: `不知道 ${node.name} 上 etcd 的启动时间`,
        };
        return { kind: "unknown", reason };
      }
      if (Number(modifiedAtUnixMs) <= startedAtMs + MARGIN_MS) {
        return { kind: "ok" };
      }
      const [changed, started] = [formatTime(Number(modifiedAtUnixMs)), formatTime(startedAtMs)];
      return {
        kind: "bad",
        text: {
          en: `${path} is of ${changed}, etcd runs since ${started}`,
          zh: `${path} 修改于 ${changed}，etcd 启动于 ${started}`,
        },
      };
    },
  });
}

/** By the newest connection that anybody made to that port since the file is what it is. */
function compareServed(
  certificate: CertificateFact,
  node: NodeView,
  { cluster, fileSeenWithinMs }: { readonly cluster: JudgedCluster; readonly fileSeenWithinMs: number },
): CertificateAnswer {
  const port = certificate.role === "server" ? Port.CLIENT : Port.PEER;
  const changedAtMs = Number(certificate.modifiedAtUnixMs) - node.state.clockOffsetMs;
  const [served] = cluster.view.nodes
    .filter(({ agent }) => agent.isCurrent)
    .flatMap(({ name, state }) =>
      listFacts(state, "servedCertificate").map((fact) => ({
        by: name,
        fact,
        atMs: Number(fact.servedAtUnixMs) - state.clockOffsetMs,
      })),
    )
    .filter(
      ({ fact, atMs }) => fact.toName === node.member && fact.port === port && atMs > changedAtMs + MARGIN_MS,
    )
    .toSorted((one, other) => other.atMs - one.atMs);
  if (served === undefined) {
    return { kind: "skipped" };
  }
  const { by, fact, atMs } = served;
  if (fact.fingerprintSha256 === certificate.fingerprintSha256) {
    return { kind: "ok" };
  }
  if (atMs > cluster.nowMs - fileSeenWithinMs) {
    // The file may have been replaced since it was looked at, and the port shows the new one already.
    const reason = {
      en: `${certificate.path} has not been looked at since ${fact.address} showed another certificate`,
      zh: `${fact.address} 出示另一张证书之后，尚未再次查看 ${certificate.path}`,
    };
    return { kind: "unknown", reason };
  }
  const at = formatTime(atMs);
  return {
    kind: "bad",
    severity: "warning",
    text: {
      en: `${fact.address} showed ${by} another certificate at ${at} (${fact.subject}, serial ${fact.serial}) than ${certificate.path} holds since ${formatTime(changedAtMs)}`,
      zh: `${fact.address} 在 ${at} 向 ${by} 出示的证书（${fact.subject}，序列号 ${fact.serial}）与 ${formatTime(changedAtMs)} 起 ${certificate.path} 中的不同`,
    },
  };
}
