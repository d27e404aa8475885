/** The decision tree: every check that is made, also those that are ok and those that cannot be told. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { DiagnosisCheck, DiagnosisLayer, SubjectCheck } from "../../../shared/rest.ts";
import { useDiagnosis } from "../data/cluster-resources.ts";
import { CHECK_STATES } from "../i18n/catalogue/states.ts";
import { TABLES } from "../i18n/catalogue/tables.ts";
import { say } from "../i18n/language.ts";
import { Card } from "../parts/card.tsx";
import { Glyph } from "../parts/glyph.tsx";
import { ResourceNotice } from "../parts/notice.tsx";
import { StatusLabel } from "../parts/status-label.tsx";
import { CHECK_TONE } from "../parts/tones.ts";
import { EvidenceList } from "./cluster/evidence-list.tsx";

export function ChecksPage({ cluster }: { readonly cluster: string }): VNode {
  const resource = useDiagnosis(cluster);
  const [isShort, setShort] = useState(false);
  const { data } = resource;
  return (
    <Card
      title={say(TABLES.checks)}
      isPage
      aside={
        <button type="button" class="button" aria-pressed={isShort} onClick={() => setShort(!isShort)}>
          {say(TABLES.onlyBad)}
        </button>
      }
    >
      {data === undefined ? (
        <ResourceNotice resource={resource} rows={7} />
      ) : (
        data.layers
          .filter(({ state }) => !isShort || state !== "ok")
          .map((layer) => <Layer key={layer.layer} layer={layer} isShort={isShort} />)
      )}
    </Card>
  );
}

function Layer({ layer, isShort }: { readonly layer: DiagnosisLayer; readonly isShort: boolean }): VNode {
  const checks = layer.checks.filter(({ state }) => !isShort || state !== "ok");
  return (
    <section class="check-layer">
      <h2 class="with-glyph">
        <Glyph tone={CHECK_TONE[layer.state]} label={say(CHECK_STATES[layer.state])} />
        {say(layer.name)}
        <span class="muted check-summary">{say(layer.summary)}</span>
      </h2>
      <ul class="checks">
        {checks.map((check) => (
          <Check key={check.code} check={check} />
        ))}
      </ul>
    </section>
  );
}

function Check({ check }: { readonly check: DiagnosisCheck }): VNode {
  return (
    <li>
      <details class={`check is-${check.state}`}>
        <summary>
          <Glyph tone={CHECK_TONE[check.state]} label={say(CHECK_STATES[check.state])} />
          <span>{say(check.name)}</span>
          <code class="code">{check.code}</code>
        </summary>
        <ul class="check-subjects">
          {check.subjects.map((subject) => (
            <Subject key={`${subject.subject.name} ${subject.subject.peer ?? ""}`} check={subject} />
          ))}
        </ul>
      </details>
    </li>
  );
}

function Subject({ check: { subject, state, text, evidence } }: { readonly check: SubjectCheck }): VNode {
  return (
    <li>
      <div class="check-subject">
        <StatusLabel tone={CHECK_TONE[state]} text={say(CHECK_STATES[state])} />
        <b>
          {subject.name}
          {subject.peer === undefined ? "" : ` → ${subject.peer}`}
        </b>
        {text === null ? null : <span>{say(text)}</span>}
      </div>
      {evidence.length === 0 ? null : <EvidenceList evidence={evidence} />}
    </li>
  );
}
