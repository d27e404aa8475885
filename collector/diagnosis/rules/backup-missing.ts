/** BACKUP_MISSING: no node's directory of backups holds a snapshot. Not asked where no agent is told of such a directory. */
import { lookAtBackups, unknownBackups } from "../backup-look.ts";
import { createEvidence } from "../evidence.ts";
import { formatNames } from "../format.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { clusterSubject, RESPOND_WITHIN } from "../rule.ts";

export const backupMissing: Rule = {
  code: "BACKUP_MISSING",
  layer: "storage",
  isFault: false,
  respondWithin: { ...RESPOND_WITHIN, warning: "24h" },
  runbook: "backup-missing",
  // A file that is replaced is away for a moment.
  holdMs: 120_000,
  quietMs: 130_000,
  evaluate: (cluster): readonly RuleOutcome[] => {
    const subject = clusterSubject(cluster);
    const { directories, unseen } = lookAtBackups(cluster);
    if (directories.length === 0 && unseen.length === 0) {
      return [];
    }
    const count = directories.reduce((sum, { fact }) => sum + fact.count, 0);
    if (count > 0) {
      return [{ kind: "ok", subject, because: { en: `${count} snapshots`, zh: `${count} 个快照` } }];
    }
    if (unseen.length > 0) {
      return [unknownBackups(cluster, unseen)];
    }
    const places = formatNames(directories.map(({ node, fact }) => `${fact.directory} (${node})`));
    return [
      {
        kind: "bad",
        subject,
        severity: "warning",
        title: { en: "There is no backup", zh: "没有备份" },
        detail: {
          en: `No snapshot lies in ${places.en}. With the quorum lost for good there would be nothing to restore from: take one now, then see why the schedule did not`,
          zh: `${places.zh} 中没有快照。若永久失去法定人数将无从恢复：请立即备份一份，再查明定时备份为何没有执行`,
        },
        evidence: directories.map(({ node, fact, seenAtMs }) =>
          createEvidence(
            { node, source: "directory of backups", atMs: seenAtMs },
            { en: `${fact.directory} holds no snapshot`, zh: `${fact.directory} 中没有快照` },
          ),
        ),
      },
    ];
  },
};
