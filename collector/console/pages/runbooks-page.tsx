/** Which runbook to open: those for what is found now, then every code that has one. */
import { SEVERITY_WORDS } from "../../../shared/state-words.ts";
import type { VNode } from "preact";
import { useClusterState, useDiagnosis } from "../data/cluster-resources.ts";
import { RUNBOOKS } from "../i18n/catalogue/runbooks.ts";
import { say } from "../i18n/language.ts";
import { Card } from "../parts/card.tsx";
import { Glyph } from "../parts/glyph.tsx";
import { ResourceNotice } from "../parts/notice.tsx";
import { SEVERITY_TONE } from "../parts/tones.ts";
import { titleFinding } from "../parts/verdict-lines.ts";
import { linkToRunbook } from "../route/runbook-link.ts";

export function RunbooksPage({ cluster }: { readonly cluster: string }): VNode {
  const state = useClusterState(cluster);
  const diagnosis = useDiagnosis(cluster);
  const found = (state.data?.findings ?? []).filter(
    ({ runbook, status }) => runbook !== null && status === "active",
  );
  const codes = (diagnosis.data?.layers ?? [])
    .flatMap(({ checks }) => checks)
    .filter(({ runbook }) => runbook !== null);
  return (
    <div class="cluster-page">
      <Card title={say(RUNBOOKS.needed)} isPage>
        {state.data === undefined ? (
          <ResourceNotice resource={state} />
        ) : found.length === 0 ? (
          <p class="muted">{say(RUNBOOKS.nothing)}</p>
        ) : (
          <ul class="plain-list">
            {found.map((finding) => (
              <li key={finding.id} class="with-glyph">
                <Glyph tone={SEVERITY_TONE[finding.severity]} label={say(SEVERITY_WORDS[finding.severity])} />
                <a
                  href={linkToRunbook(
                    cluster,
                    finding.code,
                    finding.subject.kind === "member" ? finding.subject.name : undefined,
                  )}
                >
                  {say(titleFinding(finding))}
                </a>
                <code class="code">{finding.code}</code>
              </li>
            ))}
          </ul>
        )}
      </Card>
      <Card title={say(RUNBOOKS.all)}>
        <ul class="runbook-list">
          {codes.map((check) => (
            <li key={check.code}>
              <a href={linkToRunbook(cluster, check.code)}>{say(check.name)}</a>{" "}
              <code class="code">{check.code}</code>
            </li>
          ))}
        </ul>
      </Card>
    </div>
  );
}
