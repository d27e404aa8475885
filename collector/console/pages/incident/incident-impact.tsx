/** How bad it was: for how long nothing could be written, and which members were away. */
import type { VNode } from "preact";
import type { IncidentImpact } from "../../../../shared/rest-incident.ts";
import { formatDuration } from "../../format/format-duration.ts";
import { INCIDENTS } from "../../i18n/catalogue/incidents.ts";
import { say } from "../../i18n/language.ts";
import { Card } from "../../parts/card.tsx";

export function IncidentImpactCard({ impact }: { readonly impact: IncidentImpact }): VNode {
  return (
    <Card title={say(INCIDENTS.impact)}>
      <dl class="figures impact-figures">
        <Figure label={say(INCIDENTS.noWrites)} ms={impact.noWritesMs} isBad={impact.noWritesMs > 0} />
        <Figure label={say(INCIDENTS.leaderless)} ms={impact.leaderlessMs} isBad={impact.leaderlessMs > 0} />
        {impact.members.map(({ member, awayMs }) => (
          <Figure key={member} label={`${member} ${say(INCIDENTS.away)}`} ms={awayMs} isBad={false} />
        ))}
      </dl>
    </Card>
  );
}

interface FigureProps {
  readonly label: string;
  readonly ms: number;
  readonly isBad: boolean;
}

function Figure({ label, ms, isBad }: FigureProps): VNode {
  return (
    <div class={`figure ${isBad ? "tone-bad" : ""}`}>
      <dt>{label}</dt>
      <dd>{ms === 0 ? "0" : say(formatDuration(ms))}</dd>
    </div>
  );
}
