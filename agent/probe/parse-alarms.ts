/**
 * The raised alarms, out of the errors that a member's Status carries. Not from the Alarm call: etcd 3.4 and 3.5 send even
 * its GET through raft, which is an entry in the log of every member, written and synced, for each question asked.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AlarmSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";

export type RaisedAlarm = MessageInitShape<typeof AlarmSchema> & {
  /** 0n: etcd does not say whose it is, as of a CORRUPT that was found at run time. */
  readonly memberId: bigint;
  readonly kind: string;
};

/** "memberID:10276657743932975437 alarm:NOSPACE", the identifier in decimal and absent when it is zero. */
const ALARM = /^(?:memberID:(\d{1,20}) )?alarm:(\w+)$/;

/** In an order of their own: etcd's changes from call to call. Errors that are no alarms are left out. */
export function parseAlarms(errors: readonly string[]): readonly RaisedAlarm[] {
  const alarms = errors.flatMap((error) => {
    const [, memberId = "0", kind] = ALARM.exec(error) ?? [];
    return kind === undefined ? [] : [{ memberId: BigInt(memberId), kind }];
  });
  return alarms.sort(compareAlarms);
}

function compareAlarms(one: RaisedAlarm, other: RaisedAlarm): number {
  if (one.memberId !== other.memberId) {
    return one.memberId < other.memberId ? -1 : 1;
  }
  return one.kind < other.kind ? -1 : one.kind > other.kind ? 1 : 0;
}
