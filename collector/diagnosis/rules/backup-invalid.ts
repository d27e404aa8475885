/** BACKUP_INVALID: a snapshot that would not restore, looked at before it is needed: its size, first pages and sha256. */
import { BackupCheck } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Backup } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import type { WatchedDirectory } from "../backup-look.ts";
import { isBad, lookAtBackups } from "../backup-look.ts";
import { createEvidence } from "../evidence.ts";
import { formatBytes } from "../format.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

/** One that is so much smaller than most before it has lost something, unless its own hash says otherwise. */
const MUCH_SMALLER = 0.5;
const PREDECESSORS = 3;

export const backupInvalid: Rule = {
  code: "BACKUP_INVALID",
  layer: "storage",
  isFault: false,
  respondWithin: { ...RESPOND_WITHIN, warning: "24h" },
  runbook: "backup-invalid",
  holdMs: 0,
  quietMs: 60_000,
  evaluate: (cluster): readonly RuleOutcome[] =>
    lookAtBackups(cluster).directories.flatMap((watched) =>
      watched.fact.newest.length === 0 ? [] : [judge(watched)],
    ),
};

function judge(watched: WatchedDirectory): RuleOutcome {
  const { node, fact, seenAtMs } = watched;
  const subject = nodeSubject(node);
  const bad = fact.newest.filter(isBad);
  const good = fact.newest.filter(({ check }) => check === BackupCheck.VALID);
  const [newest] = fact.newest;
  const origin = { node, source: "snapshot file", atMs: seenAtMs };
  if (bad.length > 0) {
    const names = bad.map(({ name }) => name).join(", ");
    const isNewestBad = newest !== undefined && isBad(newest);
    const said = sayGood(watched, good);
    return {
      kind: "bad",
      subject,
      severity: "warning",
      title: isNewestBad
        ? {
            en: `The newest backup on ${node} would not restore: ${newest.name}`,
            zh: `${node} 上最新的备份无法恢复：${newest.name}`,
          }
        : { en: `Backups on ${node} would not restore: ${names}`, zh: `${node} 上有备份无法恢复：${names}` },
      detail: {
        en: `${said.en}. "snapshot status" does not notice it: only a restore checks the hash`,
        zh: `${said.zh}。“snapshot status” 发现不了：只有恢复时才校验 hash`,
      },
      evidence: bad.map(({ name, problem, sizeBytes }) =>
        createEvidence(origin, {
          en: `${name} (${formatBytes(Number(sizeBytes))}): ${problem}`,
          zh: `${name}（${formatBytes(Number(sizeBytes))}）：${problem}`,
        }),
      ),
    };
  }
  const usual = newest === undefined ? undefined : usualSize(fact.newest);
  if (
    newest?.check === BackupCheck.UNKNOWN &&
    usual !== undefined &&
    Number(newest.sizeBytes) < usual * MUCH_SMALLER
  ) {
    const sizes = [formatBytes(Number(newest.sizeBytes)), formatBytes(usual)] as const;
    return {
      kind: "bad",
      subject,
      severity: "warning",
      confidence: "possible",
      title: {
        en: `The newest backup on ${node} is much smaller than those before: ${newest.name}`,
        zh: `${node} 上最新的备份比以往小得多：${newest.name}`,
      },
      detail: {
        en: `It has ${sizes[0]}, those before it ${sizes[1]}, and its content could not be checked: ${newest.problem}. Restore it into an empty folder to be sure`,
        zh: `它只有 ${sizes[0]}，以往为 ${sizes[1]}，且无法检查其内容：${newest.problem}。请恢复到空目录以确认`,
      },
      evidence: [
        createEvidence(
          origin,
          { en: `${newest.name}: ${sizes[0]}`, zh: `${newest.name}：${sizes[0]}` },
          { value: Number(newest.sizeBytes), threshold: Math.round(usual * MUCH_SMALLER), unit: "bytes" },
        ),
      ],
    };
  }
  if (good.length > 0) {
    const because = {
      en: `${good[0]?.name ?? ""} is whole by its sha256`,
      zh: `${good[0]?.name ?? ""} 的 sha256 正确`,
    };
    return { kind: "ok", subject, because };
  }
  const reason = {
    en: `no snapshot on ${node} has been checked: ${newest?.problem ?? ""}`,
    zh: `${node} 上没有快照经过检查：${newest?.problem ?? ""}`,
  };
  return { kind: "unknown", subject, reason, isBeyondOneLook: true };
}

/** Which one could be restored, and whether it is next to be pruned. */
function sayGood(
  { fact }: WatchedDirectory,
  good: readonly Backup[],
): { readonly en: string; readonly zh: string } {
  const [best, ...more] = good;
  if (best === undefined) {
    return fact.newest.some(({ check }) => check === BackupCheck.UNKNOWN)
      ? { en: "No good one is known yet: take a new one now", zh: "尚未发现完好的备份：请立即重新备份" }
      : { en: "There is no good one: take a new one now", zh: "没有完好的备份：请立即重新备份" };
  }
  const isNext = more.length === 0 && best.modifiedAtUnixMs <= fact.oldestAtUnixMs;
  return isNext
    ? {
        en: `The last good one, ${best.name}, is the oldest of ${fact.count} and the next to be pruned: keep it, and take a new one now`,
        zh: `最后一份完好的备份 ${best.name} 是 ${fact.count} 份中最旧的，下次清理就会被删除：请保留它并立即重新备份`,
      }
    : {
        en: `The newest good one is ${best.name}. Take a new one, and see what damaged these`,
        zh: `最新的完好备份是 ${best.name}。请重新备份，并查明损坏原因`,
      };
}

/** The middle size of those before the newest; undefined when there are too few. */
function usualSize([, ...before]: readonly Backup[]): number | undefined {
  const sizes = before.map(({ sizeBytes }) => Number(sizeBytes)).toSorted((one, other) => one - other);
  return sizes.length < PREDECESSORS ? undefined : sizes[Math.floor(sizes.length / 2)];
}
