/** The steps for one finding, with this cluster's own names and paths; what each risks, and whether it may be done now. */
import type { VNode } from "preact";
import type { Runbook, RunbookStep } from "../../../shared/rest.ts";
import { clusterPath } from "../data/cluster-resources.ts";
import { useResource } from "../data/resource.ts";
import { FRAME } from "../i18n/catalogue/frame.ts";
import { RUNBOOKS } from "../i18n/catalogue/runbooks.ts";
import { RISKS } from "../i18n/catalogue/states.ts";
import { say } from "../i18n/language.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { Glyph } from "../parts/glyph.tsx";
import { Notice, ResourceNotice } from "../parts/notice.tsx";
import { StatusLabel } from "../parts/status-label.tsx";
import { CONDITION_TONE, RISK_TONE } from "../parts/tones.ts";
import { momentMs, route } from "../route/place.ts";

/** Preconditions are live. */
const EVERY_MS = 3_000;

export interface RunbookPageProps {
  readonly cluster: string;
  readonly code: string;
}

export function RunbookPage({ cluster, code }: RunbookPageProps): VNode {
  const { member } = route.value.query;
  const query = member === undefined ? "" : `?member=${encodeURIComponent(member)}`;
  const path = `${clusterPath(cluster)}/runbooks/${encodeURIComponent(code)}${query}`;
  const resource = useResource<Runbook>(path, EVERY_MS);
  const book = resource.data;
  if (book === undefined) {
    return <ResourceNotice resource={resource} rows={6} />;
  }
  return (
    <article class="runbook">
      <header class="runbook-head">
        <h1>
          {say(book.name)} <code class="code">{book.code}</code>
        </h1>
        {book.member === null ? null : (
          <p class="muted">
            {say(RUNBOOKS.forMember)} <b>{book.member}</b>
          </p>
        )}
        <p class="runbook-summary">{say(book.summary)}</p>
        <p class="faint">{say(RUNBOOKS.neverRun)}</p>
        {momentMs.value === undefined ? null : <Notice tone="unknown" title={say(FRAME.onlyNow)} />}
      </header>
      {book.doNot.length === 0 ? null : (
        <Notice tone="bad" title={say(RUNBOOKS.doNot)}>
          <ul>
            {book.doNot.map((text) => (
              <li key={text.en}>{say(text)}</li>
            ))}
          </ul>
        </Notice>
      )}
      {book.blanks.length === 0 ? null : (
        <Notice tone="info" title={say(RUNBOOKS.blanks)}>
          <ul>
            {book.blanks.map(({ name, text }) => (
              <li key={name}>
                <code>{name}</code> {say(text)}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      <ol class="steps">
        {book.steps.map((step) => (
          <Step key={step.number} step={step} />
        ))}
      </ol>
    </article>
  );
}

function Step({ step }: { readonly step: RunbookStep }): VNode {
  const { number, title, detail, risk, node, command, precondition, verify, undo } = step;
  return (
    <li class={`step card tone-${RISK_TONE[risk]}`}>
      <header class="step-head">
        <span class="step-number">{number}</span>
        <h2>{say(title)}</h2>
        <StatusLabel tone={RISK_TONE[risk]} text={say(RISKS[risk])} />
      </header>
      <p>{say(detail)}</p>
      {precondition === null ? null : (
        <p class={`condition tone-${CONDITION_TONE[precondition.state]}`}>
          <Glyph tone={CONDITION_TONE[precondition.state]} />
          <span>
            <b>
              {say(RUNBOOKS.precondition)}: {say(precondition.text)} — {say(RUNBOOKS[precondition.state])}
            </b>
            <span class="sub">{say(precondition.because)}</span>
          </span>
        </p>
      )}
      {command === null ? null : (
        <div class="command">
          <div>
            <span class="sub faint">
              {node === null ? say(RUNBOOKS.anywhere) : `${say(RUNBOOKS.where)} ${node}`}
            </span>
            <pre>{command}</pre>
          </div>
          <CopyButton text={command} />
        </div>
      )}
      <dl class="step-after">
        {verify === null ? null : (
          <div>
            <dt>{say(RUNBOOKS.verify)}</dt>
            <dd>{say(verify)}</dd>
          </div>
        )}
        {undo === null ? null : (
          <div>
            <dt>{say(RUNBOOKS.undo)}</dt>
            <dd>{say(undo)}</dd>
          </div>
        )}
      </dl>
    </li>
  );
}
