/** Backups and flags in the shape of the REST API. */
import { BackupCheck } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { BackupDirectoryReport, BackupState, FlagReport } from "../../shared/rest.ts";
import { findFact } from "../view/node-reading.ts";
import { COMPARED_FLAGS, isOfOneMember } from "./compared-flags.ts";
import { formatTime } from "./format.ts";
import type { JudgedCluster } from "./judged-cluster.ts";

const STATES: Readonly<Record<BackupCheck, BackupState>> = {
  [BackupCheck.UNSPECIFIED]: "unknown",
  [BackupCheck.VALID]: "valid",
  [BackupCheck.TRUNCATED]: "truncated",
  [BackupCheck.HASH_MISMATCH]: "hash-mismatch",
  [BackupCheck.NOT_A_DATABASE]: "not-a-database",
  [BackupCheck.UNKNOWN]: "unknown",
};

/** As last seen, also from a node whose agent is silent. */
export function reportBackups(cluster: JudgedCluster): readonly BackupDirectoryReport[] {
  return cluster.view.nodes.flatMap(({ name, state }): readonly BackupDirectoryReport[] => {
    const fact = findFact(state, "backups", "backups")?.body;
    if (fact === undefined) {
      return [];
    }
    const toTime = (unixMs: bigint): string => formatTime(Number(unixMs) - state.clockOffsetMs);
    return [
      {
        node: name,
        directory: fact.directory,
        problem: fact.problem === "" ? null : fact.problem,
        count: fact.count,
        oldest: fact.count === 0 ? null : toTime(fact.oldestAtUnixMs),
        maxAgeSeconds: Math.round(Number(fact.maxAgeMs) / 1000),
        availableBytes: fact.problem === "" ? Number(fact.availableBytes) : null,
        snapshots: fact.newest.map((one) => ({
          name: one.name,
          sizeBytes: Number(one.sizeBytes),
          modifiedAt: toTime(one.modifiedAtUnixMs),
          state: STATES[one.check] ?? "unknown",
          problem: one.problem === "" ? null : one.problem,
        })),
      },
    ];
  });
}

/** Every flag that any member has, by name: the value a member, given or etcd's default. */
export function reportFlags(cluster: JudgedCluster): readonly FlagReport[] {
  const known = cluster.view.nodes.flatMap((node) => {
    const fact = findFact(node.state, "flags", "flags")?.body;
    return fact === undefined || node.member === undefined
      ? []
      : [{ member: node.member, node: node.name, flags: fact.flags, given: new Set(fact.given) }];
  });
  const names = [...new Set(known.flatMap(({ flags }) => Object.keys(flags)))].sort();
  return names.map((name) => {
    const values = known.map(({ member, node, flags, given }) => ({
      member,
      node,
      value: flags[name] ?? null,
      isGiven: given.has(name),
    }));
    const differs = new Set(values.map(({ value }) => value)).size > 1;
    // A default that another version does not have, or that is not known yet, is no difference of anybody's making.
    const told = values.filter(({ value }) => value !== null);
    const isOneSided =
      told.length < values.length &&
      told.every(({ isGiven }) => !isGiven) &&
      new Set(told.map(({ value }) => value)).size < 2;
    return {
      flag: name,
      differs,
      // Names, addresses and paths are a member's own; any other difference is worth a look.
      isDrift: differs && !isOneSided && !isOfOneMember(name),
      mustAgree: COMPARED_FLAGS.some(({ flag }) => flag === name),
      values,
    };
  });
}
