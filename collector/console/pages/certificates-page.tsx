/** The certificates, the one that ends first on top. */
import type { VNode } from "preact";
import type { CertificateReport } from "../../../shared/rest.ts";
import { useCertificates } from "../data/cluster-resources.ts";
import { TABLES } from "../i18n/catalogue/tables.ts";
import { say } from "../i18n/language.ts";
import { Card } from "../parts/card.tsx";
import { Notice, ResourceNotice } from "../parts/notice.tsx";
import { StatusLabel } from "../parts/status-label.tsx";
import type { Tone } from "../parts/tone.ts";

/** etcdscope's own defaults for CERT_EXPIRING: a warning a month before, critical a week before. */
const WARN_DAYS = 30;
const BAD_DAYS = 7;
/** A bar of this length is a year. */
const FULL_DAYS = 365;

export function CertificatesPage({ cluster }: { readonly cluster: string }): VNode {
  const resource = useCertificates(cluster);
  const certificates = resource.data?.certificates;
  return (
    <Card title={say(TABLES.certificates)} isPage>
      {certificates === undefined ? (
        <ResourceNotice resource={resource} />
      ) : certificates.length === 0 ? (
        <Notice tone="unknown" title={say(TABLES.noCertificates)}>
          <p>{say(TABLES.noCertificatesHint)}</p>
        </Notice>
      ) : (
        <CertificateTable certificates={certificates} />
      )}
    </Card>
  );
}

function CertificateTable({ certificates }: { readonly certificates: readonly CertificateReport[] }): VNode {
  const sorted = [...certificates].sort(
    (left, right) =>
      Number(right.problem !== null) - Number(left.problem !== null) ||
      (left.daysLeft ?? 0) - (right.daysLeft ?? 0) ||
      left.node.localeCompare(right.node),
  );
  return (
    <table class="table stacks">
      <thead>
        <tr>
          {[TABLES.daysLeft, TABLES.node, TABLES.use, TABLES.subject, TABLES.issuer, TABLES.validUntil].map(
            (head) => (
              <th key={head.en} scope="col">
                {say(head)}
              </th>
            ),
          )}
        </tr>
      </thead>
      <tbody>
        {sorted.map((one) => (
          <tr key={`${one.node} ${one.role} ${one.path}`}>
            <td>
              <DaysLeft certificate={one} />
            </td>
            <th scope="row" data-label={say(TABLES.node)}>
              {one.node}
            </th>
            <td data-label={say(TABLES.use)}>
              {one.role}
              <code class="sub faint breaks">{one.path}</code>
              {one.moreInFolder > 0 && (
                <span class="sub faint">
                  {say(TABLES.moreInFolder)} {one.moreInFolder}
                </span>
              )}
            </td>
            <td data-label={say(TABLES.subject)}>
              <span class="breaks">{one.subject ?? "–"}</span>
              <span class="sub faint breaks">{one.sans.join(", ")}</span>
            </td>
            <td class="breaks" data-label={say(TABLES.issuer)}>
              {one.issuer ?? "–"}
            </td>
            <td class="moment" data-label={say(TABLES.validUntil)}>
              {one.notAfter?.slice(0, 10) ?? "–"}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function DaysLeft({
  certificate: { daysLeft, problem },
}: {
  readonly certificate: CertificateReport;
}): VNode {
  if (daysLeft === null) {
    return <StatusLabel tone="unknown" text={problem ?? say(TABLES.problem)} />;
  }
  const tone: Tone = daysLeft < BAD_DAYS ? "bad" : daysLeft < WARN_DAYS ? "warn" : "ok";
  const share = Math.min(1, Math.max(0, daysLeft / FULL_DAYS));
  return (
    <div class={`days tone-${tone}`}>
      <StatusLabel tone={tone} text={daysLeft < 0 ? say(TABLES.expired) : String(daysLeft)} />
      <span class="days-bar">
        <span class="days-left" style={{ width: `${(share * 100).toFixed(1)}%` }} />
      </span>
    </div>
  );
}
