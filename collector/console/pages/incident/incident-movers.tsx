/** The metrics that differ most from the span before. */
import type { VNode } from "preact";
import type { Mover } from "../../../../shared/rest-incident.ts";
import { formatValue } from "../../format/format-value.ts";
import { INCIDENTS } from "../../i18n/catalogue/incidents.ts";
import { say } from "../../i18n/language.ts";

const SHOWN = 10;

export function IncidentMovers({ movers }: { readonly movers: readonly Mover[] }): VNode {
  if (movers.length === 0) {
    return <p class="muted">{say(INCIDENTS.noMovers)}</p>;
  }
  return (
    <table class="table">
      <thead>
        <tr>
          <th scope="col">{say(INCIDENTS.metric)}</th>
          <th scope="col" class="number">
            {say(INCIDENTS.before)}
          </th>
          <th scope="col" class="number">
            {say(INCIDENTS.during)}
          </th>
          <th scope="col" class="number">
            {say(INCIDENTS.ratio)}
          </th>
        </tr>
      </thead>
      <tbody>
        {movers.slice(0, SHOWN).map((mover) => (
          <tr key={`${mover.metric} ${mover.node} ${JSON.stringify(mover.labels)}`}>
            <th scope="row">
              {say(mover.help)}
              <span class="sub faint">
                {mover.node} {Object.values(mover.labels).join(" ")}
              </span>
            </th>
            <td class="number">{formatValue(mover.before, mover.unit)}</td>
            <td class="number">{formatValue(mover.after, mover.unit)}</td>
            <td class="number">{mover.ratio === null ? "–" : `×${formatRatio(mover.ratio)}`}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function formatRatio(ratio: number): string {
  return ratio >= 10 ? String(Math.round(ratio)) : ratio.toFixed(ratio < 0.1 ? 3 : 1);
}
