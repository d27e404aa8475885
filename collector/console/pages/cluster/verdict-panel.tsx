/** The verdict in one sentence, its root cause, what that did, what it is not, and the next safe step. */
import type { ComponentChildren, VNode } from "preact";
import { listDangers } from "../../../../shared/list-dangers.ts";
import type { ClusterState, Finding } from "../../../../shared/rest.ts";
import { VERDICT_WORDS } from "../../../../shared/state-words.ts";
import { useDiagnosis } from "../../data/cluster-resources.ts";
import { CLUSTER } from "../../i18n/catalogue/cluster.ts";
import { CHECK_STATES } from "../../i18n/catalogue/states.ts";
import { say } from "../../i18n/language.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Glyph } from "../../parts/glyph.tsx";
import { listLayerSteps } from "../../parts/layer-steps.ts";
import { Moment } from "../../parts/moment.tsx";
import { CHECK_TONE, VERDICT_TONE } from "../../parts/tones.ts";
import { chooseVerdictLines, titleFinding } from "../../parts/verdict-lines.ts";
import { linkTo } from "../../route/place.ts";
import { linkToRunbook } from "../../route/runbook-link.ts";

export function VerdictPanel({ state }: { readonly state: ClusterState }): VNode {
  const tone = VERDICT_TONE[state.verdict];
  const { causes, effects, ruledOut } = chooseVerdictLines(state);
  const dangers = listDangers(state);
  return (
    <section class={`verdict tone-${tone}`} aria-label={say(CLUSTER.verdict)}>
      <div class="verdict-head" aria-live="polite" aria-atomic="true">
        <Glyph tone={tone} />
        <h1 data-testid="verdict">{say(VERDICT_WORDS[state.verdict])}</h1>
        <p class="verdict-headline" data-testid="headline">
          {say(state.headline)}
        </p>
        {state.openIncident === null ? null : (
          <a class="button" href={linkTo(state.cluster, "incidents", state.openIncident)}>
            {say(CLUSTER.openIncident)}
          </a>
        )}
      </div>
      <dl class="verdict-lines">
        {causes.map((cause) => (
          <FindingLine key={cause.id} label={say(CLUSTER.cause)} finding={cause} isCause />
        ))}
        {causes.length === 0 && state.verdict !== "healthy" ? (
          <Line label={say(CLUSTER.cause)}>
            <span class="muted">{say(CLUSTER.causeUnknown)}</span>
          </Line>
        ) : null}
        {effects.map((effect) => (
          <FindingLine key={effect.id} label={say(CLUSTER.effect)} finding={effect} />
        ))}
        {ruledOut.length === 0 ? null : (
          <Line label={say(CLUSTER.not)}>
            <ul class="not-list">
              {ruledOut.map(({ code, because }) => (
                <li key={code}>
                  <code class="code">{code}</code> {say(because)}
                </li>
              ))}
            </ul>
          </Line>
        )}
        <NextStep state={state} causes={causes} />
        <LayerSteps cluster={state.cluster} />
        {dangers.map((danger) => (
          <Line key={danger.en} label={say(CLUSTER.doNot)} class="is-danger">
            {say(danger)}
          </Line>
        ))}
      </dl>
    </section>
  );
}

interface LineProps {
  readonly label: string;
  readonly class?: string;
  readonly children: ComponentChildren;
}

function Line({ label, class: extra = "", children }: LineProps): VNode {
  return (
    <div class={`verdict-line ${extra}`}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface FindingLineProps {
  readonly label: string;
  readonly finding: Finding;
  readonly isCause?: boolean;
}

function FindingLine({ label, finding, isCause = false }: FindingLineProps): VNode {
  return (
    <Line label={label} class={isCause ? "is-cause" : ""}>
      <span>{say(titleFinding(finding))}</span> <code class="code">{finding.code}</code>
      <span class="line-time">
        <Moment at={finding.since} withAge />
      </span>
    </Line>
  );
}

interface NextStepProps {
  readonly state: ClusterState;
  readonly causes: readonly Finding[];
}

function NextStep({ state, causes }: NextStepProps): VNode | null {
  const { next } = useDiagnosis(state.cluster).data ?? { next: null };
  const cause = causes.find(({ runbook }) => runbook !== null);
  if (causes.length === 0 || (next === null && cause === undefined)) {
    return null;
  }
  const code = next?.code ?? cause?.code ?? "";
  return (
    <Line label={say(CLUSTER.now)} class="is-next">
      {next === null ? null : (
        <div class="next-step">
          <span>{say(next.text)}</span>
          <Command text={next.command} />
        </div>
      )}
      <a class="button" href={linkToRunbook(state.cluster, code, next?.member ?? undefined)}>
        {say(CLUSTER.openRunbook)} <code>{code}</code>
      </a>
    </Line>
  );
}

function Command({ text }: { readonly text: string }): VNode {
  return (
    <div class="command">
      <pre>{text}</pre>
      <CopyButton text={text} />
    </div>
  );
}

function LayerSteps({ cluster }: { readonly cluster: string }): VNode | null {
  const { data } = useDiagnosis(cluster);
  const steps = data === undefined ? [] : listLayerSteps(data);
  if (steps.length === 0) {
    return null;
  }
  return (
    <Line label={say(CLUSTER.layerSteps)} class="is-next">
      <ul class="layer-steps" data-testid="layer-steps">
        {steps.map(({ layer, next }) => (
          <li key={layer.layer} class="next-step">
            <span class="with-glyph">
              <Glyph tone={CHECK_TONE[layer.state]} label={say(CHECK_STATES[layer.state])} />
              <span>
                <b>{say(layer.name)}</b> {say(next.text)}{" "}
                <a href={linkToRunbook(cluster, next.code, next.member ?? undefined)}>
                  <code class="code">{next.code}</code>
                </a>
              </span>
            </span>
            <Command text={next.command} />
          </li>
        ))}
      </ul>
    </Line>
  );
}
