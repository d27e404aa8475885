/** CERT_SAN_MISMATCH: a member tells others to reach it by a name or address that its certificate does not carry. */
import { createCertificateRule } from "../certificate-rule.ts";
import { isNamed, listTlsHosts } from "../certificate-names.ts";
import { findFact } from "../../view/node-reading.ts";

/** Which addresses each certificate answers for, and the flag that makes etcd create its own. */
const ADVERTISED: Readonly<Record<string, { readonly flag: string; readonly automatic: string }>> = {
  server: { flag: "advertise-client-urls", automatic: "auto-tls" },
  peer: { flag: "initial-advertise-peer-urls", automatic: "peer-auto-tls" },
};

export const certSanMismatch = createCertificateRule({
  code: "CERT_SAN_MISMATCH",
  runbook: "cert-san-mismatch",
  isFault: true,
  severity: "critical",
  source: "certificate file",
  peersSay: ["CERT_SAN_MISMATCH"],
  title: (node, roles) => ({
    en: `A certificate on ${node} lacks the member's own address: ${roles}`,
    zh: `${node} 上的证书缺少该成员自己的地址：${roles}`,
  }),
  advice: {
    en: "Whoever dials that address refuses the certificate. Issue it again with every host of the advertised URLs among its names (the common name does not count)",
    zh: "访问该地址的一方会拒绝此证书。请重新签发，把对外公布 URL 中的所有主机写入 SAN（CN 不算）",
  },
  check: ({ role, path, sans, problem }, node) => {
    const about = ADVERTISED[role];
    if (about === undefined || problem !== "") {
      return { kind: "skipped" };
    }
    const flags = findFact(node.state, "flags", "flags")?.body.flags;
    if (flags === undefined) {
      const reason = {
        en: `the flags of etcd on ${node.name} are not known`,
        zh: `不知道 ${node.name} 上 etcd 的参数`,
      };
      return { kind: "unknown", reason };
    }
    const hosts = listTlsHosts(flags[about.flag] ?? "");
    if (hosts.length === 0 || flags[about.automatic] === "true") {
      return { kind: "skipped" };
    }
    const missing = hosts.filter((host) => !isNamed(host, sans)).join(", ");
    const has = sans.length === 0 ? "-" : sans.join(", ");
    return missing === ""
      ? { kind: "ok" }
      : {
          kind: "bad",
          text: {
            en: `${path} is for ${has}, --${about.flag} says ${missing}`,
            zh: `${path} 的 SAN 为 ${has}，而 --${about.flag} 为 ${missing}`,
          },
        };
  },
});
