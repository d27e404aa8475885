/** `etcdscope certs`: every certificate and how long it is valid. Exit code 1 when one has expired or cannot be read. */
import type { CertificateReport } from "../shared/rest.ts";
import type { Language } from "../shared/text.ts";
import { getAll, resolveCluster } from "./ask-options.ts";
import type { CollectorClient } from "./collector-client.ts";
import type { Style, Terminal } from "./terminal.ts";
import { renderTable } from "./view/render-table.ts";

export interface CertsRequest {
  readonly cluster: string | undefined;
  readonly json: boolean;
}

/** As CERT_EXPIRING has it: critical, warning. */
const CRITICAL_DAYS = 7;
const WARNING_DAYS = 30;

const HEADS = {
  en: ["NODE", "ROLE", "DAYS LEFT", "VALID UNTIL", "FILE"],
  zh: ["节点", "用途", "剩余天数", "有效期至", "文件"],
} as const;

export async function runCerts(
  client: CollectorClient,
  request: CertsRequest,
  terminal: Terminal,
): Promise<number> {
  const cluster = await resolveCluster(client, request.cluster);
  const path = `/api/v1/clusters/${encodeURIComponent(cluster)}/certificates`;
  const certificates = await getAll<CertificateReport>(client, path, { key: "certificates", query: {} });
  terminal.write(
    request.json ? `${JSON.stringify({ cluster, certificates }, null, 2)}\n` : render(certificates, terminal),
  );
  return certificates.some(({ daysLeft }) => daysLeft === null || daysLeft < 0) ? 1 : 0;
}

function render(certificates: readonly CertificateReport[], terminal: Terminal): string {
  const { language, columns } = terminal;
  if (certificates.length === 0) {
    return { en: "no certificate was seen\n", zh: "未看到证书\n" }[language];
  }
  const sorted = [...certificates].sort((a, b) => (a.daysLeft ?? -Infinity) - (b.daysLeft ?? -Infinity));
  return renderTable({
    head: HEADS[language],
    rows: sorted.map(({ node, role, daysLeft, notAfter, path, problem, moreInFolder }) => [
      { text: node },
      { text: role },
      {
        text: daysLeft === null ? "?" : String(daysLeft),
        style: (text) => terminal.style(styleOf(daysLeft), text),
      },
      { text: notAfter === null ? "?" : notAfter.slice(0, 10) },
      {
        text: `${problem === null ? path : `${path}: ${problem}`}${moreInFolder > 0 ? sayMore(moreInFolder, language) : ""}`,
      },
    ]),
    columns,
    indent: 2,
  });
}

function sayMore(count: number, language: Language): string {
  return { en: ` (${count} more in its folder are not looked at)`, zh: `（该目录中还有 ${count} 个未检查）` }[
    language
  ];
}

function styleOf(daysLeft: number | null): Style {
  if (daysLeft === null || daysLeft < CRITICAL_DAYS) {
    return "red";
  }
  return daysLeft < WARNING_DAYS ? "yellow" : "green";
}
