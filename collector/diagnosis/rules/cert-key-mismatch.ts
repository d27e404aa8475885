/** CERT_KEY_MISMATCH: certificate and key beside it do not belong together, as after a renewal that was copied by half. */
import { Layer } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { createCertificateRule } from "../certificate-rule.ts";

export const certKeyMismatch = createCertificateRule({
  code: "CERT_KEY_MISMATCH",
  runbook: "cert-key-mismatch",
  isFault: true,
  severity: "critical",
  source: "certificate file",
  says: ["CERT_KEY_MISMATCH"],
  title: (node, roles) => ({
    en: `A certificate on ${node} does not fit its key: ${roles}`,
    zh: `${node} 上的证书与私钥不匹配：${roles}`,
  }),
  advice: {
    en: "Every new handshake with it fails, connections that are up live on, and etcd does not start with it. Put back the pair that belongs together, or issue the certificate for this key",
    zh: "使用它的新握手都会失败，已建立的连接继续有效，etcd 也无法用它启动。请恢复成对的证书和私钥，或为该私钥重新签发证书",
  },
  check: ({ role, path, keyPath, keyMatch, keyProblem }) => {
    switch (keyMatch) {
      case Layer.OK:
        return { kind: "ok" };
      case Layer.FAILED:
        return {
          kind: "bad",
          text: { en: `${path} is not of ${keyPath}`, zh: `${path} 与 ${keyPath} 不匹配` },
          // What only lies in the folder is used by tools and health checks, if by anybody.
          ...(role.startsWith("folder/") ? { severity: "warning" } : {}),
        };
      case Layer.UNKNOWN:
        return {
          kind: "unknown",
          reason: {
            en: `${keyPath} could not be read: ${keyProblem}`,
            zh: `无法读取 ${keyPath}：${keyProblem}`,
          },
        };
      case Layer.UNSPECIFIED:
      default:
        return { kind: "skipped" };
    }
  },
});
