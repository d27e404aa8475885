/** CERT_NOT_RELOADED: the file of authorities is newer than the process, which reads it only at its start. */
import { ProcessState } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { findFact } from "../../view/node-reading.ts";
import { createCertificateRule } from "../certificate-rule.ts";
import { formatTime } from "../format.ts";

/** A file written as etcd started may have been read or not. */
const MARGIN_MS = 10_000;

export const certNotReloaded = createCertificateRule({
  code: "CERT_NOT_RELOADED",
  runbook: "cert-not-reloaded",
  isFault: false,
  severity: "info",
  source: "certificate file",
  title: (node, roles) => ({
    en: `etcd on ${node} has not read the new authorities: ${roles}`,
    zh: `${node} 上的 etcd 尚未读取新的 CA：${roles}`,
  }),
  advice: {
    en: "etcd reads certificates anew for each handshake, but authorities only at its start. Restart one member at a time, the leader last, before certificates of the new authority are handed out",
    zh: "etcd 每次握手都会重新读取证书，但 CA 只在启动时读取。在分发新 CA 签发的证书之前，请逐个重启成员，leader 最后",
  },
  check: ({ role, path, problem, modifiedAtUnixMs }, node) => {
    if (!role.endsWith("-ca") || problem !== "") {
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
