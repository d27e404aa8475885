/** Alarms as etcd tells them: in the list of alarms, and in every member's Status with the ID in decimal. */
import { findFact } from "../view/node-reading.ts";
import type { JudgedCluster } from "./judged-cluster.ts";

export interface RaisedAlarm {
  /** 0n: etcd does not say whose. */
  readonly memberId: bigint;
  readonly node: string;
  readonly source: string;
  readonly atMs: number;
}

export function listRaised(cluster: JudgedCluster, kind: "NOSPACE" | "CORRUPT"): readonly RaisedAlarm[] {
  const listed = cluster.view.nodes.flatMap(({ agent, state, name }) => {
    const held = agent.isCurrent ? findFact(state, "alarms", "alarms") : undefined;
    return (held?.body.alarms ?? [])
      .filter((alarm) => alarm.kind === kind)
      .map(({ memberId }) => ({ memberId, node: name, source: "Status", atMs: held?.sinceMs ?? state.atMs }));
  });
  // Every member's Status carries the alarm too, and comes every second.
  const pattern = new RegExp(`^(?:memberID:(\\d+) )?alarm:${kind}`);
  const told = cluster.members.flatMap(({ view: { statement } }) =>
    (statement?.errors ?? []).flatMap((error) => {
      const match = pattern.exec(error);
      return match === null || statement === undefined
        ? []
        : [
            {
              memberId: BigInt(match[1] ?? "0"),
              node: statement.from,
              source: "Status",
              atMs: statement.atMs,
            },
          ];
    }),
  );
  return [...listed, ...told];
}
