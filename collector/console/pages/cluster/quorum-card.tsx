/** The drawing of the quorum with its numbers: who votes, how many must serve, how many may still fail. */
import type { VNode } from "preact";
import type { ClusterState, LinkReport } from "../../../../shared/rest.ts";
import { CLUSTER } from "../../i18n/catalogue/cluster.ts";
import { say } from "../../i18n/language.ts";
import { Card } from "../../parts/card.tsx";
import { Moment } from "../../parts/moment.tsx";
import { QuorumDrawing } from "../../quorum/quorum-drawing.tsx";

export interface QuorumCardProps {
  readonly state: ClusterState;
  readonly links: readonly LinkReport[];
}

export function QuorumCard({ state, links }: QuorumCardProps): VNode {
  const { quorum, leader } = state;
  const isShort = quorum.tolerance < 0;
  return (
    <Card
      title={say(CLUSTER.quorum)}
      class="quorum-card"
      aside={
        <span data-testid="leader">
          {leader === null ? say(CLUSTER.noLeader) : `${say(CLUSTER.leader)} ${leader.member}`}
        </span>
      }
    >
      <QuorumDrawing state={state} links={links} />
      <dl class="figures">
        <Figure label={say(CLUSTER.servingCount)} value={`${quorum.serving} / ${quorum.voters}`} />
        <Figure label={say(CLUSTER.needed)} value={String(quorum.needed)} />
        <Figure
          label={say(isShort ? CLUSTER.missing : CLUSTER.tolerance)}
          value={String(Math.abs(quorum.tolerance))}
          tone={quorum.tolerance > 0 || quorum.voters === 1 ? "" : isShort ? "bad" : "warn"}
        />
      </dl>
      {leader === null ? null : (
        <p class="quorum-note">
          {say(CLUSTER.leader)} <b>{leader.member}</b> {say(CLUSTER.since)}{" "}
          <Moment at={leader.since} withAge /> · {say(CLUSTER.agreedBy)} {leader.agreedBy.join(", ")}
          {leader.disagreeing.length === 0
            ? null
            : ` · ${say(CLUSTER.disagreeing)}: ${leader.disagreeing.join(", ")}`}
        </p>
      )}
    </Card>
  );
}

interface FigureProps {
  readonly label: string;
  readonly value: string;
  readonly tone?: string;
}

function Figure({ label, value, tone = "" }: FigureProps): VNode {
  return (
    <div class={`figure ${tone === "" ? "" : `tone-${tone}`}`}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}
