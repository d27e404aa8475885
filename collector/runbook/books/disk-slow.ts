/** DISK_SLOW and its kin: etcd waits for its disk at every write. Find who else uses it, then move etcd or the other. */
import { curlMetrics } from "../commands.ts";
import { othersKeepQuorum } from "../conditions.ts";
import { sh } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { saveSnapshot } from "../steps/backup.ts";
import { look, lookAtCluster } from "../steps/look.ts";

export const diskSlow: Book = {
  name: "disk-slow",
  codes: ["DISK_SLOW", "DISK_CONTENDED", "SHARED_DISK", "SNAPSHOT_SLOW"],
  summary: ({ subject }) =>
    say(
      `Each write waits for the disk of a majority. The disk of ${subject.node} is slow, or shared with somebody who writes a lot; a slow leader slows everything`,
      `每次写入都要等待多数成员的磁盘。${subject.node} 的磁盘慢，或与大量写入者共用；leader 慢则全部变慢`,
    ),
  doNot: () => [
    say(
      "defragment: it cures no slow disk and stops the member meanwhile",
      "整理碎片：治不了慢磁盘，还会使成员停顿",
    ),
    say("run fio or dd on etcd's disk while it serves", "在对外服务时对 etcd 磁盘运行 fio 或 dd"),
    say("set --unsafe-no-fsync", "设置 --unsafe-no-fsync"),
  ],
  steps: (site) => [
    look(
      say("See how the device does: await and utilisation", "查看设备状况：await 和利用率"),
      say(
        "w_await above 10 ms on a disk of etcd's own is slow; %util near 100 is busy",
        "etcd 独占磁盘上 w_await 超过 10 毫秒即为慢；%util 接近 100 为繁忙",
      ),
      { on: site.subject, command: sh`iostat -xd 1 5` },
    ),
    look(
      say("See who writes to it", "查看谁在写入"),
      say("kB_wr/s by process, and what waits in iodelay", "各进程的 kB_wr/s，以及 iodelay 等待"),
      { on: site.subject, command: sh`pidstat -d 1 5` },
    ),
    look(
      say("See what etcd itself has measured", "查看 etcd 自己的测量"),
      say(
        "The histogram's buckets since its start; rates tell about now",
        "自启动以来的直方图；速率才反映当前",
      ),
      {
        on: site.subject,
        command: curlMetrics(
          site.subject,
          "^etcd_disk_(wal_fsync|backend_commit)_duration_seconds_(sum|count)",
        ),
      },
    ),
    look(
      say("See what shares the filesystem with etcd", "查看谁与 etcd 共用文件系统"),
      say("Logs, images and backups belong on another disk", "日志、镜像和备份应放在其他磁盘"),
      { on: site.subject, command: sh`findmnt -T ${site.subject.dataDir}` },
    ),
    {
      title: say(
        "Give etcd's writes precedence until there is a disk of its own",
        "在有独立磁盘之前，提高 etcd 写入的优先级",
      ),
      detail: say(
        "Best effort, highest class; it helps with schedulers that know classes (bfq)",
        "best-effort 最高级；仅对支持优先级的调度器（bfq）有效",
      ),
      risk: "safe",
      on: site.subject,
      command: sh`ionice -c 2 -n 0 -p "$(pgrep -xo etcd)"`,
      verify: say("the fsync histogram's new calls are fast", "fsync 直方图的新样本变快"),
      undo: say("ionice -c 0, or a restart of etcd", "ionice -c 0，或重启 etcd"),
    },
    saveSnapshot(site),
    {
      title: say(
        "Move etcd to a disk of its own, or the other writer away",
        "将 etcd 移到独立磁盘，或移走其他写入者",
      ),
      detail: say(
        "An SSD. Followers first, the leader last; stop, copy the data directory, mount, start",
        "使用 SSD。先 follower，最后 leader；停止、复制数据目录、挂载、启动",
      ),
      risk: "disruptive",
      on: site.subject,
      condition: othersKeepQuorum(site, site.subject),
      verify: say("WAL fsync p99 below 10 ms", "WAL fsync p99 低于 10 毫秒"),
      undo: say(
        "mount the old disk again; etcd must not have written to both",
        "重新挂载旧磁盘；etcd 不能写过两边",
      ),
    },
    lookAtCluster(site),
  ],
};
