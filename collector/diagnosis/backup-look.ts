/** What the agents that watch a directory of backups see, newest first: what the rules about backups share. */
import { BackupCheck } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Backup, BackupsFact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Text } from "../../shared/text.ts";
import { findFact } from "../view/node-reading.ts";
import type { JudgedCluster } from "./judged-cluster.ts";
import type { UnknownOutcome } from "./rule.ts";
import { clusterSubject } from "./rule.ts";

export interface WatchedDirectory {
  readonly node: string;
  readonly fact: BackupsFact;
  readonly clockOffsetMs: number;
  readonly seenAtMs: number;
}

export interface BackupLook {
  /** Of agents that are heard. */
  readonly directories: readonly WatchedDirectory[];
  /** Nodes with such a directory whose agent is not heard, or that cannot be read, with why. */
  readonly unseen: readonly Text[];
}

export function lookAtBackups(cluster: JudgedCluster): BackupLook {
  const directories: WatchedDirectory[] = [];
  const unseen: Text[] = [];
  for (const { name, agent, state } of cluster.view.nodes) {
    const held = findFact(state, "backups", "backups");
    if (held === undefined) {
      continue;
    }
    const { directory, problem } = held.body;
    if (!agent.isCurrent) {
      unseen.push({ en: `the agent on ${name} is not heard`, zh: `收不到 ${name} 上代理的消息` });
    } else if (problem !== "") {
      unseen.push({ en: `${directory} on ${name}: ${problem}`, zh: `${name} 上的 ${directory}：${problem}` });
    } else {
      const { clockOffsetMs } = state;
      directories.push({ node: name, fact: held.body, clockOffsetMs, seenAtMs: state.atMs });
    }
  }
  return { directories, unseen };
}

/** By the collector's clock. */
export function ageOf(backup: Backup, { clockOffsetMs }: WatchedDirectory, nowMs: number): number {
  return nowMs - (Number(backup.modifiedAtUnixMs) - clockOffsetMs);
}

export function isBad({ check }: Backup): boolean {
  return (
    check === BackupCheck.TRUNCATED ||
    check === BackupCheck.HASH_MISMATCH ||
    check === BackupCheck.NOT_A_DATABASE
  );
}

export function unknownBackups(cluster: JudgedCluster, unseen: readonly Text[]): UnknownOutcome {
  const reason = {
    en: `backups could not be seen: ${unseen.map(({ en }) => en).join("; ")}`,
    zh: `看不到备份：${unseen.map(({ zh }) => zh).join("；")}`,
  };
  return { kind: "unknown", subject: clusterSubject(cluster), reason };
}
