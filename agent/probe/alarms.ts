/** The list of raised alarms, as the own member answers it. */
import { create } from "@bufbuild/protobuf";
import { AlarmSchema, AlarmsFactSchema, FactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { EtcdAlarm } from "../etcd/etcd-door.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

/** Above the door's own limit of a call, so that the door's reason is the one that is told. */
const TIME_LIMIT_MS = 1_800;

export function createAlarmsProbe(): Probe {
  return { name: "alarms", cadence: "normal", timeLimitMs: TIME_LIMIT_MS, run: readAlarms };
}

async function readAlarms({ etcd, signal }: ProbeContext): Promise<Observation> {
  const alarms = [...(await etcd.alarms(signal))].sort(compareAlarms);
  const fact = create(AlarmsFactSchema, { alarms: alarms.map((alarm) => create(AlarmSchema, alarm)) });
  return { facts: [create(FactSchema, { key: "alarms", body: { case: "alarms", value: fact } })] };
}

function compareAlarms(one: EtcdAlarm, other: EtcdAlarm): number {
  if (one.memberId !== other.memberId) {
    return one.memberId < other.memberId ? -1 : 1;
  }
  return one.kind < other.kind ? -1 : one.kind > other.kind ? 1 : 0;
}
