/** Links and certificates in the shape of the REST API. */
import type { CertificateReport, LinkReport } from "../../shared/rest.ts";
import { listFacts } from "../view/node-reading.ts";
import { formatTime } from "./format.ts";
import type { JudgedCluster } from "./judged-cluster.ts";

const DAY_MS = 86_400_000;

export function reportLinks(cluster: JudgedCluster): readonly LinkReport[] {
  return cluster.view.links.map((link) => ({
    from: link.from,
    to: link.to,
    port: link.port,
    tcp: link.tcp,
    tls: link.tls,
    http: link.http,
    rttMs: link.rttMs ?? null,
    loss: null,
    state: link.state,
    why: link.why,
    since: link.sinceMs === undefined ? null : formatTime(link.sinceMs),
  }));
}

/** As last seen, also from a node whose agent is silent. */
export function reportCertificates(cluster: JudgedCluster): readonly CertificateReport[] {
  return cluster.view.nodes.flatMap((node) =>
    listFacts(node.state, "certificate").map((certificate): CertificateReport => {
      const isRead = certificate.problem === "";
      const endMs = Number(certificate.notAfterUnixMs);
      return {
        node: node.name,
        role: certificate.role,
        path: certificate.path,
        subject: isRead ? certificate.subject : null,
        issuer: isRead ? certificate.issuer : null,
        sans: certificate.sans,
        notBefore: isRead ? formatTime(Number(certificate.notBeforeUnixMs)) : null,
        notAfter: isRead ? formatTime(endMs) : null,
        daysLeft: isRead ? Math.floor((endMs - cluster.nowMs) / DAY_MS) : null,
        serial: isRead ? certificate.serial : null,
        fingerprintSha256: isRead ? certificate.fingerprintSha256 : null,
        problem: isRead ? null : certificate.problem,
        moreInFolder: certificate.moreInFolder,
      };
    }),
  );
}
