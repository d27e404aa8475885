/** CERT_UNREADABLE: a certificate or key that etcd is told to use cannot be read or parsed. */
import { createCertificateRule } from "../certificate-rule.ts";

export const certUnreadable = createCertificateRule({
  code: "CERT_UNREADABLE",
  runbook: "cert-unreadable",
  isFault: false,
  severity: "warning",
  source: "certificate file",
  says: ["START_CERT_UNREADABLE"],
  title: (node, roles) => ({
    en: `Certificate files on ${node} cannot be read: ${roles}`,
    zh: `${node} 上的证书文件无法读取：${roles}`,
  }),
  advice: {
    en: "etcd reads them anew for each handshake and at its start: if it cannot read them either, it refuses connections now and does not start again. Compare owner and mode with the user that etcd runs as",
    zh: "etcd 每次握手和启动时都会重新读取：如果它也读不了，现在就会拒绝连接，且无法再次启动。请对照 etcd 运行用户检查属主和权限",
  },
  check: ({ role, path, problem, keyPath, keyProblem }) => {
    // What only lies in the folder may be of no use to anybody.
    const weight = role.startsWith("folder/") ? { severity: "info" as const } : {};
    if (problem !== "") {
      return { kind: "bad", text: { en: `${path}: ${problem}`, zh: `${path}：${problem}` }, ...weight };
    }
    return keyProblem === ""
      ? { kind: "ok" }
      : {
          kind: "bad",
          text: { en: `${keyPath}: ${keyProblem}`, zh: `${keyPath}：${keyProblem}` },
          ...weight,
        };
  },
});
