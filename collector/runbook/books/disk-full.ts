/** DISK_FULL and its kin: make room outside of etcd's own files; etcd recovers by itself when there is some. */
import { BACKUP_DIR } from "../commands.ts";
import { blank, lines, sh } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { look, lookAtCluster, lookAtDisk } from "../steps/look.ts";
import { startEtcd } from "../steps/service.ts";

const WHAT = blank("WHAT", say("a file or folder that is not etcd's", "不属于 etcd 的文件或目录"));

export const diskFull: Book = {
  name: "disk-full",
  codes: ["DISK_FULL", "DISK_NEARLY_FULL", "INODES_EXHAUSTED"],
  summary: ({ subject, code }) =>
    code === "DISK_NEARLY_FULL"
      ? say(
          `The filesystem under etcd on ${subject.node} fills up. When it is full etcd exits at the next growth of a file`,
          `${subject.node} 上 etcd 所在的文件系统即将写满。写满后 etcd 在下次扩展文件时退出`,
        )
      : say(
          `The filesystem under etcd on ${subject.node} is full: etcd exits at the next growth of a file and cannot start. Compaction and defragmentation do not help: they need room themselves`,
          `${subject.node} 上 etcd 所在的文件系统已满：etcd 在下次扩展文件时退出且无法启动。压缩和碎片整理无济于事：它们本身也需要空间`,
        ),
  doNot: ({ subject }) => [
    say(
      `remove anything below the member directory on ${subject.node}: WAL and snapshots are the data`,
      `删除 ${subject.node} 上 member 目录中的任何文件：WAL 和快照就是数据`,
    ),
    say(
      "defragment now: it writes a second copy of the database",
      "现在整理碎片：它会写出数据库的第二份副本",
    ),
  ],
  steps: (site) => [
    lookAtDisk(site.subject),
    look(
      say("Find what takes the room", "查明占用空间的内容"),
      say(
        "Usually logs, audit logs, container images, old snapshots or copies of the data directory",
        "通常是日志、审计日志、容器镜像、旧快照或数据目录的副本",
      ),
      {
        on: site.subject,
        command: lines(
          sh`du -xhd 2 "$(df --output=target ${site.subject.dataDir} | tail -n 1)" | sort -h | tail -n 20`,
          site.code === "INODES_EXHAUSTED"
            ? sh`du -x --inodes -d 3 "$(df --output=target ${site.subject.dataDir} | tail -n 1)" | sort -n | tail -n 20`
            : undefined,
        ),
      },
    ),
    look(
      say("Find files that are deleted and still held open", "查找已删除但仍被占用的文件"),
      say(
        "Their room comes back only when the process that holds them ends or is told to reopen its log",
        "只有持有进程退出或重新打开日志后空间才会释放",
      ),
      { on: site.subject, command: sh`lsof -nP +L1` },
    ),
    {
      title: say("Bound the journal's size", "限制 journal 的大小"),
      detail: say("Old journal files go; those of the last days stay", "删除旧的 journal 文件，保留最近的"),
      risk: "safe",
      on: site.subject,
      command: sh`journalctl --vacuum-size=500M`,
      verify: say("df shows some room", "df 显示有空间"),
      undo: say("old journal entries do not come back", "旧 journal 记录无法恢复"),
    },
    {
      title: say("Move what takes the room to another disk", "将占用空间的内容移到其他磁盘"),
      detail: say(
        "Move, do not delete, what you do not know. Never below etcd's member directory",
        "不认识的文件只移动不删除。绝不动 etcd 的 member 目录",
      ),
      risk: "safe",
      on: site.subject,
      command: sh`mv -- ${WHAT} ${BACKUP_DIR}/`,
      verify: say("df shows at least 1 GiB free", "df 显示至少 1 GiB 可用"),
      undo: say("move it back", "移回原处"),
    },
    startEtcd(site.subject),
    lookAtCluster(site),
  ],
};
