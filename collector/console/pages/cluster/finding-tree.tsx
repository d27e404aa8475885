/** The findings as a causal tree; each opens to its evidence and to what was ruled out. */
import type { VNode } from "preact";
import type { Finding } from "../../../../shared/rest.ts";
import { SEVERITY_WORDS } from "../../../../shared/state-words.ts";
import { CLUSTER } from "../../i18n/catalogue/cluster.ts";
import { CONFIDENCES, LAYERS } from "../../i18n/catalogue/states.ts";
import { say } from "../../i18n/language.ts";
import { Glyph } from "../../parts/glyph.tsx";
import { Moment } from "../../parts/moment.tsx";
import { Notice } from "../../parts/notice.tsx";
import { SEVERITY_TONE } from "../../parts/tones.ts";
import { nameSubject, titleFinding } from "../../parts/verdict-lines.ts";
import { linkToRunbook } from "../../route/runbook-link.ts";
import { buildFindingTree, type FindingBranch } from "./build-finding-tree.ts";
import { EvidenceList } from "./evidence-list.tsx";

export interface FindingTreeProps {
  readonly cluster: string;
  readonly findings: readonly Finding[];
}

export function FindingTree({ cluster, findings }: FindingTreeProps): VNode {
  if (findings.length === 0) {
    return (
      <Notice tone="ok" title={say(CLUSTER.noFindings)}>
        <p>{say(CLUSTER.noFindingsHint)}</p>
      </Notice>
    );
  }
  return (
    <ul class="finding-tree">
      {buildFindingTree(findings).map((branch) => (
        <Branch key={branch.finding.id} cluster={cluster} branch={branch} />
      ))}
    </ul>
  );
}

function Branch({ cluster, branch }: { readonly cluster: string; readonly branch: FindingBranch }): VNode {
  const { finding, effects, otherCauses } = branch;
  const isRoot = finding.rootCause && finding.status === "active" && finding.severity !== "info";
  return (
    <li data-code={finding.code}>
      <details class={`finding ${finding.status}`}>
        <summary>
          <Glyph tone={SEVERITY_TONE[finding.severity]} label={say(SEVERITY_WORDS[finding.severity])} />
          <span class="finding-title">{say(titleFinding(finding))}</span>
          {isRoot ? <span class="badge badge-root">{say(CLUSTER.rootCause)}</span> : null}
          <code class="code">{finding.code}</code>
          <Moment at={finding.since} withAge />
        </summary>
        <FindingBody cluster={cluster} finding={finding} otherCauses={otherCauses} />
      </details>
      {effects.length === 0 ? null : (
        <ul>
          {effects.map((effect) => (
            <Branch key={effect.finding.id} cluster={cluster} branch={effect} />
          ))}
        </ul>
      )}
    </li>
  );
}

interface FindingBodyProps {
  readonly cluster: string;
  readonly finding: Finding;
  readonly otherCauses: readonly Finding[];
}

function FindingBody({ cluster, finding, otherCauses }: FindingBodyProps): VNode {
  const member = finding.subject.kind === "member" ? finding.subject.name : undefined;
  return (
    <div class="finding-body">
      <p>{say(finding.detail)}</p>
      <p class="finding-facts">
        <span>{say(LAYERS[finding.layer])}</span>
        <span>{say(SEVERITY_WORDS[finding.severity])}</span>
        <span>{say(CONFIDENCES[finding.confidence])}</span>
        <span>
          {finding.respondWithin === "0s"
            ? say(CLUSTER.respondNow)
            : `${say(CLUSTER.respondWithin)} ${finding.respondWithin}`}
        </span>
        {finding.runbook === null ? null : (
          <a href={linkToRunbook(cluster, finding.code, member)}>{say(CLUSTER.openRunbook)}</a>
        )}
      </p>
      {otherCauses.length === 0 ? null : (
        <p class="muted">
          {say(CLUSTER.alsoCausedBy)}:{" "}
          {otherCauses.map((cause) => `${cause.code} ${nameSubject(cause)}`).join(", ")}
        </p>
      )}
      {finding.evidence.length === 0 ? null : <EvidenceList evidence={finding.evidence} />}
      {finding.ruledOut.length === 0 ? null : (
        <>
          <h3>{say(CLUSTER.ruledOut)}</h3>
          <ul class="not-list">
            {finding.ruledOut.map(({ code, because }) => (
              <li key={code}>
                <code class="code">{code}</code> {say(because)}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
