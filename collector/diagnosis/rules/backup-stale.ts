/** BACKUP_STALE: the newest snapshot of all nodes is older than the configuration allows, or the next one will not fit. */
import type { WatchedDirectory } from "../backup-look.ts";
import { ageOf, lookAtBackups, unknownBackups } from "../backup-look.ts";
import { createEvidence } from "../evidence.ts";
import { formatBytes, formatDuration } from "../format.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { clusterSubject, RESPOND_WITHIN } from "../rule.ts";

/** The next one is as large as the last and some growth. */
const NEXT_FACTOR = 1.1;

export const backupStale: Rule = {
  code: "BACKUP_STALE",
  layer: "storage",
  isFault: false,
  respondWithin: { ...RESPOND_WITHIN, warning: "24h" },
  runbook: "backup-stale",
  holdMs: 0,
  quietMs: 60_000,
  evaluate: (cluster): readonly RuleOutcome[] => {
    const { directories, unseen } = lookAtBackups(cluster);
    const dated = directories
      .flatMap((watched) => {
        const [newest] = watched.fact.newest;
        return newest === undefined
          ? []
          : [{ watched, newest, ageMs: ageOf(newest, watched, cluster.nowMs) }];
      })
      .toSorted((one, other) => one.ageMs - other.ageMs);
    const [youngest] = dated;
    if (youngest === undefined) {
      return unseen.length > 0 ? [unknownBackups(cluster, unseen)] : [];
    }
    return [judge(cluster, { ...youngest, isUnseen: unseen.length > 0, unseen })];
  },
};

interface Youngest {
  readonly watched: WatchedDirectory;
  readonly newest: WatchedDirectory["fact"]["newest"][number];
  readonly ageMs: number;
  readonly isUnseen: boolean;
  readonly unseen: Parameters<typeof unknownBackups>[1];
}

function judge(cluster: JudgedCluster, { watched, newest, ageMs, isUnseen, unseen }: Youngest): RuleOutcome {
  const subject = clusterSubject(cluster);
  const { node, fact, seenAtMs } = watched;
  const [age, allowed] = [formatDuration(ageMs), formatDuration(Number(fact.maxAgeMs))];
  const path = `${fact.directory}/${newest.name}`;
  const origin = { node, source: "directory of backups", atMs: seenAtMs };
  if (ageMs > Number(fact.maxAgeMs)) {
    // Another node may have a younger one.
    return isUnseen
      ? unknownBackups(cluster, unseen)
      : {
          kind: "bad",
          subject,
          severity: "warning",
          title: { en: `The newest backup is ${age.en} old`, zh: `最新的备份已有 ${age.zh}` },
          detail: {
            en: `${path} on ${node} is the newest snapshot; one should be at most ${allowed.en} old. All that was written since would be lost in a restore`,
            zh: `最新快照是 ${node} 上的 ${path}；不应超过 ${allowed.zh}。恢复时将丢失此后的所有写入`,
          },
          evidence: [
            createEvidence(
              origin,
              { en: `${path} is ${age.en} old`, zh: `${path} 已有 ${age.zh}` },
              { value: Math.round(ageMs / 1000), threshold: Number(fact.maxAgeMs) / 1000, unit: "seconds" },
            ),
          ],
          sinceMs: cluster.nowMs - (ageMs - Number(fact.maxAgeMs)),
        };
  }
  const needed = Number(newest.sizeBytes) * NEXT_FACTOR;
  const left = Number(fact.availableBytes);
  if (left < needed) {
    return {
      kind: "bad",
      subject,
      severity: "warning",
      confidence: "likely",
      title: { en: `The next backup will not fit on ${node}`, zh: `${node} 上放不下下一个备份` },
      detail: {
        en: `${fact.directory} has ${formatBytes(left)} left, and the newest snapshot has ${formatBytes(Number(newest.sizeBytes))}. Make room on that disk; keep at least two good ones`,
        zh: `${fact.directory} 只剩 ${formatBytes(left)}，而最新快照有 ${formatBytes(Number(newest.sizeBytes))}。请为该磁盘腾出空间，至少保留两份完好的快照`,
      },
      evidence: [
        createEvidence(
          origin,
          { en: `${formatBytes(left)} left`, zh: `剩余 ${formatBytes(left)}` },
          { value: left, threshold: Math.round(needed), unit: "bytes" },
        ),
      ],
    };
  }
  const because = { en: `the newest backup is ${age.en} old`, zh: `最新备份已有 ${age.zh}` };
  return { kind: "ok", subject, because };
}
