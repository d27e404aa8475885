/**
 * Status of the own member every second and, over connections kept open, of each other one: every third second while
 * all is well, sooner when anything is not. What changes rarely is a
 * fact, indexes and sizes are samples. Status answers without a quorum and with a hung disk: the read probe tells more.
 */
import { create } from "@bufbuild/protobuf";
import type { Sample } from "../../shared/frame.ts";
import {
  AlarmsFactSchema,
  EventSchema,
  FactSchema,
  StatusFactSchema,
} from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Event, Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { formatId } from "../../shared/member-id.ts";
import { roughen } from "../../shared/rough-number.ts";
import { seriesKey } from "../../shared/series-key.ts";
import type { EtcdStatus } from "../etcd/etcd-door.ts";
import { restUntilTurn } from "./other-members-turns.ts";
import { parseAlarms } from "./parse-alarms.ts";
import type { Observation, Probe, ProbeContext, ProbeSetup } from "./probe.ts";
import { SampleGate } from "./sample-gate.ts";

/** Above the door's own limit of a call (1.5 s), so that the door's reason is the one that is told. */
const TIME_LIMIT_MS = 1_800;

/** A change of what the own Status says makes these answers stale. */
const STALE_AFTER_CHANGE = ["status", "read"];
/** etcd is back, or is another one: the membership may be another too, and what failed with it and runs rarely works again. */
const STALE_AFTER_RETURN = ["status", "read", "members", "metrics", "growth", "flags"];
/** What is remembered of one member between runs. */
interface Seen {
  readonly keys: ReturnType<typeof keysOf>;
  status: EtcdStatus | undefined;
  facts: readonly Fact[];
  hasFailed: boolean;
}

export function createStatusProbe({ config }: ProbeSetup): Probe {
  const seen = new Map<string, Seen>();
  const gate = new SampleGate(config.intervals.normalMs);

  function targets({ discovered, etcd }: Omit<ProbeContext, "signal" | "target">): readonly string[] {
    if (discovered === undefined) {
      return [];
    }
    const names = [discovered.flags.name, ...etcd.otherMembers().map((member) => member.name)];
    if (seen.size > names.length) {
      forgetAllBut(names);
    }
    return names;
  }

  function forgetAllBut(names: readonly string[]): void {
    for (const name of seen.keys()) {
      if (!names.includes(name)) {
        seen.delete(name);
      }
    }
    gate.forgetAll();
  }

  async function run(context: ProbeContext): Promise<Observation> {
    const { clock, discovered, etcd, target } = context;
    let member = seen.get(target);
    if (member === undefined) {
      member = { keys: keysOf(target), status: undefined, facts: [], hasFailed: false };
      seen.set(target, member);
    }
    const isOwn = target === discovered?.flags.name;
    const beginUs = clock.monotonicUs();
    let status: EtcdStatus;
    try {
      // the context itself: its signal is made when somebody asks for it
      status = await (isOwn ? etcd.ownStatus(context) : etcd.memberStatus(target, context));
    } catch (caught) {
      member.hasFailed = true;
      throw caught;
    }
    const nowUs = clock.monotonicUs();
    const { status: before, hasFailed, keys } = member;
    const isChanged = before === undefined || !isSameDocument(before, status);
    if (isChanged) {
      const fact = createFact(target, status, isOwn);
      member.facts = isOwn ? [fact, createAlarmsFact(status)] : [fact];
    }
    member.status = status;
    member.hasFailed = false;
    const samples: Sample[] = [{ key: keys.duration, value: roughen(nowUs - beginUs) / 1e6 }];
    gate.add(samples, { key: keys.raftIndex, value: Number(status.raftIndex) }, nowUs);
    gate.add(samples, { key: keys.applied, value: Number(status.raftAppliedIndex) }, nowUs);
    gate.add(samples, { key: keys.dbSize, value: Number(status.dbSizeBytes) }, nowUs);
    gate.add(samples, { key: keys.dbInUse, value: Number(status.dbSizeInUseBytes) }, nowUs);
    const observation = { samples, facts: member.facts };
    if (!isChanged && !hasFailed) {
      return isOwn
        ? observation
        : { ...observation, restMs: restUntilTurn(context, target, config.intervals.fastMs) };
    }
    if (!isOwn) {
      return observation;
    }
    const isReturn = before === undefined || hasFailed || before.memberId !== status.memberId;
    return {
      ...observation,
      events: before === undefined ? [] : findLeaderChange(before, status, clock.nowMs()),
      trigger: isReturn ? STALE_AFTER_RETURN : STALE_AFTER_CHANGE,
    };
  }

  return { name: "status", cadence: "fast", timeLimitMs: TIME_LIMIT_MS, targets, run };
}

function keysOf(
  member: string,
): Readonly<Record<"duration" | "raftIndex" | "applied" | "dbSize" | "dbInUse", string>> {
  return {
    duration: seriesKey("etcdscope_status_duration_seconds", { member }),
    raftIndex: seriesKey("etcd_status_raft_index", { member }),
    applied: seriesKey("etcd_status_raft_applied_index", { member }),
    dbSize: seriesKey("etcd_status_db_size_bytes", { member }),
    dbInUse: seriesKey("etcd_status_db_size_in_use_bytes", { member }),
  };
}

function isSameDocument(one: EtcdStatus, other: EtcdStatus): boolean {
  return (
    one.leaderId === other.leaderId &&
    one.raftTerm === other.raftTerm &&
    one.memberId === other.memberId &&
    one.clusterId === other.clusterId &&
    one.version === other.version &&
    one.isLearner === other.isLearner &&
    one.endpoint === other.endpoint &&
    one.storageVersion === other.storageVersion &&
    one.dbQuotaBytes === other.dbQuotaBytes &&
    one.downgradeTarget === other.downgradeTarget &&
    one.errors.length === other.errors.length &&
    one.errors.every((error, index) => error === other.errors[index])
  );
}

function createFact(name: string, status: EtcdStatus, own: boolean): Fact {
  const { memberId, clusterId, leaderId, raftTerm, version, isLearner, endpoint } = status;
  const { storageVersion, dbQuotaBytes, downgradeTarget } = status;
  const errors = [...status.errors];
  const value = create(StatusFactSchema, {
    memberId,
    clusterId,
    leaderId,
    raftTerm,
    version,
    isLearner,
    errors,
    own,
    endpoint,
    storageVersion,
    dbQuotaBytes,
    downgradeEnabled: downgradeTarget !== undefined,
    downgradeTarget: downgradeTarget ?? "",
  });
  return create(FactSchema, { key: `status/${name}`, body: { case: "status", value } });
}

function createAlarmsFact({ errors }: EtcdStatus): Fact {
  const value = create(AlarmsFactSchema, { alarms: [...parseAlarms(errors)] });
  return create(FactSchema, { key: "alarms", body: { case: "alarms", value } });
}

/** "0" stands for no leader. */
function findLeaderChange(before: EtcdStatus, after: EtcdStatus, atMs: number): readonly Event[] {
  if (before.leaderId === after.leaderId) {
    return [];
  }
  const attributes = {
    from: formatId(before.leaderId),
    to: formatId(after.leaderId),
    term: String(after.raftTerm),
  };
  return [
    create(EventSchema, {
      atUnixMs: BigInt(Math.round(atMs)),
      kind: "leader_changed",
      subject: formatId(after.memberId),
      attributes,
    }),
  ];
}
