/** CERT_UNTRUSTED: a certificate does not lead to the authorities in force beside it: the other members refuse it. */
import { Layer } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { createCertificateRule } from "../certificate-rule.ts";

export const certUntrusted = createCertificateRule({
  code: "CERT_UNTRUSTED",
  runbook: "cert-untrusted",
  isFault: true,
  severity: "critical",
  source: "certificate file",
  peersSay: ["CERT_UNTRUSTED"],
  title: (node, roles) => ({
    en: `A certificate on ${node} is not of the authority in force: ${roles}`,
    zh: `${node} 上的证书不是由当前 CA 签发：${roles}`,
  }),
  advice: {
    en: "New connections are refused (unknown authority), those that are up live on. During a change of authority the file must hold the old and the new one on every member, and etcd reads it only at its start",
    zh: "新连接会被拒绝（unknown authority），已建立的连接继续有效。更换 CA 期间，每个成员的 CA 文件必须同时包含新旧两个，且 etcd 只在启动时读取它",
  },
  check: ({ role, path, chain, chainProblem }) => {
    const text = { en: `${path}: ${chainProblem}`, zh: `${path}：${chainProblem}` };
    switch (chain) {
      case Layer.OK:
        return { kind: "ok" };
      case Layer.FAILED:
        if (role === "apiserver-etcd-client") {
          return {
            kind: "bad",
            text: {
              en: `etcd does not believe the API server: ${text.en}`,
              zh: `etcd 不信任 API Server：${text.zh}`,
            },
          };
        }
        // The authorities beside a server's certificate are those of its clients: another may be meant.
        return { kind: "bad", text, ...(role === "server" ? { severity: "warning" } : {}) };
      case Layer.UNKNOWN:
        return { kind: "unknown", reason: text };
      case Layer.UNSPECIFIED:
      default:
        return { kind: "skipped" };
    }
  },
});
