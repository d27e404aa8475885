/** BACKUP_MISSING, BACKUP_STALE, BACKUP_INVALID: a snapshot now, a check that means something, then a schedule. */
import { BACKUP_DIR, snapshotCommand } from "../commands.ts";
import { sh } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { saveSnapshot } from "../steps/backup.ts";
import { look } from "../steps/look.ts";

export const backup: Book = {
  name: "backup",
  codes: ["BACKUP_MISSING", "BACKUP_STALE", "BACKUP_INVALID"],
  summary: () =>
    say(
      "Without a good snapshot a lost quorum is a lost cluster. Take one now, then see why the schedule did not",
      "没有完好的快照，失去法定人数就等于失去集群。立即备份一份，再查明定时备份为何失败",
    ),
  doNot: () => [
    say("prune old snapshots before a new one has been checked", "在新快照检查通过之前清理旧快照"),
    say(
      "trust snapshot status alone: it does not check the file's sha256",
      "只相信 snapshot status：它不检查文件的 sha256",
    ),
  ],
  steps: (site) => [
    look(
      say("See what there is", "查看现有备份"),
      say(
        "Age and size; a file much smaller than its predecessors is cut off",
        "时间和大小；比以往小得多的文件是被截断的",
      ),
      {
        command: sh`ls -lt ${BACKUP_DIR}`,
      },
    ),
    saveSnapshot(site),
    {
      title: say("Prove it by a restore into an empty folder", "通过恢复到空目录来验证"),
      detail: say(
        "Restore checks the sha256. Nothing is started from it; remove the folder afterwards",
        "恢复会校验 sha256。不会从中启动任何东西；之后删除该目录",
      ),
      risk: "safe",
      command: sh`${snapshotCommand(site, site.via)} snapshot restore ${BACKUP_DIR}/etcd-${site.cluster}.snapshot.db --data-dir="$(mktemp -d)"/check`,
      verify: say("it ends without an error", "无错误结束"),
      undo: say("remove the folder", "删除该目录"),
    },
    look(
      say("See why the schedule did not", "查明定时备份失败的原因"),
      say("Its log, its certificate, the room on its disk", "查看其日志、证书和磁盘空间"),
      {
        command: sh`systemctl list-timers --all | grep -i etcd
grep -rn etcd /etc/cron.d /etc/crontab`,
      },
    ),
  ],
};
