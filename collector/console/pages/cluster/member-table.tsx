/** The members in a row each: what a picture cannot say, and whether each may be stopped now. */
import type { VNode } from "preact";
import type { ClusterState, MemberReport } from "../../../../shared/rest.ts";
import { MEMBER_STATE_WORDS } from "../../../../shared/state-words.ts";
import { useCanStop } from "../../data/cluster-resources.ts";
import { nowMs } from "../../data/browser-clock.ts";
import { formatAgo, formatDuration } from "../../format/format-duration.ts";
import { formatBytes } from "../../format/format-value.ts";
import { CLUSTER } from "../../i18n/catalogue/cluster.ts";
import { FRAME } from "../../i18n/catalogue/frame.ts";
import { AGENT_STATES, ROLES } from "../../i18n/catalogue/states.ts";
import { say } from "../../i18n/language.ts";
import { StatusLabel } from "../../parts/status-label.tsx";
import { TableScroll } from "../../parts/table-scroll.tsx";
import { MEMBER_TONE } from "../../parts/tones.ts";
import { momentMs } from "../../route/place.ts";

export function MemberTable({ state }: { readonly state: ClusterState }): VNode {
  const newest = state.members.reduce((most, { appliedIndex }) => {
    const index = BigInt(appliedIndex ?? 0);
    return index > most ? index : most;
  }, 0n);
  return (
    <TableScroll label={say(CLUSTER.members)}>
      <table class="table stacks">
        <thead>
          <tr>
            <th scope="col">{say(CLUSTER.member)}</th>
            <th scope="col">{say(CLUSTER.state)}</th>
            <th scope="col">{say(CLUSTER.canStop)}</th>
            <th scope="col" class="number">
              {say(CLUSTER.database)}
            </th>
            <th scope="col" class="number">
              {say(CLUSTER.applied)}
            </th>
            <th scope="col">{say(CLUSTER.agent)}</th>
          </tr>
        </thead>
        <tbody>
          {state.members.map((member) => (
            <MemberRow key={member.memberId} cluster={state.cluster} member={member} newest={newest} />
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}

interface MemberRowProps {
  readonly cluster: string;
  readonly member: MemberReport;
  /** The highest applied index of all. */
  readonly newest: bigint;
}

function MemberRow({ cluster, member, newest }: MemberRowProps): VNode {
  return (
    <tr data-member={member.name}>
      <th scope="row">
        <span class="member-name">{member.name}</span>
        <span class="faint sub">
          {say(ROLES[member.role])} · {member.version ?? "–"}
        </span>
        {member.storageVersion !== null && (
          <span class="faint sub">
            {say(CLUSTER.storageVersion)} {member.storageVersion}
          </span>
        )}
        {member.downgradeTarget !== null && (
          <span class="sub tone-warn">
            {say(CLUSTER.downgrade)} {member.downgradeTarget}
          </span>
        )}
        <code class="faint sub">{member.memberId}</code>
      </th>
      <td data-label={say(CLUSTER.state)}>
        <StatusLabel tone={MEMBER_TONE[member.state]} text={say(MEMBER_STATE_WORDS[member.state])} />
        <span class="faint sub why">{say(member.why)}</span>
      </td>
      <td data-label={say(CLUSTER.canStop)}>
        <CanStopCell cluster={cluster} member={member.name} />
      </td>
      <td class="number" data-label={say(CLUSTER.database)}>
        <Database member={member} />
      </td>
      <td class="number" data-label={say(CLUSTER.applied)}>
        <Applied index={member.appliedIndex} newest={newest} />
      </td>
      <td data-label={say(CLUSTER.agent)}>
        <AgentCell agent={member.agent} />
        <Machine machine={member.machine} />
      </td>
    </tr>
  );
}

function Database({ member: { dbSizeBytes, dbInUseBytes } }: { readonly member: MemberReport }): VNode {
  return dbSizeBytes === null ? (
    <span class="faint">–</span>
  ) : (
    <>
      {formatBytes(dbSizeBytes)}
      {dbInUseBytes === null ? null : (
        <span class="faint sub">
          {formatBytes(dbInUseBytes)} {say(CLUSTER.inUse)}
        </span>
      )}
    </>
  );
}

/** Raft works in batches; fewer entries behind than this are nothing. */
const BEHIND_ENTRIES = 1_000n;

function Applied({ index, newest }: { readonly index: string | null; readonly newest: bigint }): VNode {
  if (index === null) {
    return <span class="faint">–</span>;
  }
  const behind = newest - BigInt(index);
  return (
    <>
      {index}
      {behind > BEHIND_ENTRIES ? (
        <span class="sub tone-warn">
          {String(behind)} {say(CLUSTER.behind)}
        </span>
      ) : null}
    </>
  );
}

function AgentCell({ agent }: { readonly agent: MemberReport["agent"] }): VNode {
  const age = agent.lastSeen === null ? undefined : nowMs() - Date.parse(agent.lastSeen);
  return (
    <>
      <StatusLabel tone={agent.state === "online" ? "ok" : "unknown"} text={say(AGENT_STATES[agent.state])} />
      {agent.state === "silent" && age !== undefined ? (
        <span class="faint sub">{say(formatAgo(age))}</span>
      ) : null}
    </>
  );
}

function Machine({ machine }: { readonly machine: MemberReport["machine"] }): VNode | null {
  if (machine === null) {
    return null;
  }
  const { bootedAt, load1, cpus } = machine;
  const upMs = bootedAt === null ? undefined : (momentMs.value ?? nowMs()) - Date.parse(bootedAt);
  const parts = [
    ...(upMs === undefined ? [] : [`${say(CLUSTER.up)} ${say(formatDuration(Math.max(0, upMs)))}`]),
    ...(load1 === null ? [] : [`${say(CLUSTER.load)} ${load1}${cpus === null ? "" : ` / ${cpus} CPU`}`]),
  ];
  return parts.length === 0 ? null : (
    <span class="faint sub" title={say(CLUSTER.machineHint)}>
      {parts.join(" · ")}
    </span>
  );
}

function CanStopCell({ cluster, member }: { readonly cluster: string; readonly member: string }): VNode {
  const { data } = useCanStop(cluster, member);
  if (momentMs.value !== undefined) {
    return (
      <span class="faint" title={say(FRAME.onlyNow)}>
        –
      </span>
    );
  }
  if (data === undefined) {
    return <span class="faint pending">…</span>;
  }
  const tone = data.safe === null ? "unknown" : data.safe ? "ok" : "bad";
  const word = data.safe === null ? FRAME.unknown : data.safe ? CLUSTER.yes : CLUSTER.no;
  return (
    <details class="can-stop">
      <summary>
        <StatusLabel tone={tone} text={say(word)} />
      </summary>
      <ul>
        {data.reasons.map((reason) => (
          <li key={reason.code + reason.text.en}>{say(reason.text)}</li>
        ))}
      </ul>
    </details>
  );
}
