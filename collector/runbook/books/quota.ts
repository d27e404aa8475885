/** QUOTA_EXCEEDED, QUOTA_NEAR, DB_GROWTH: compact, then defragment one member at a time, leader last, and only then disarm. */
import { findPoint } from "../../view/node-reading.ts";
import { configCommand, curlMetrics, etcdctl } from "../commands.ts";
import { allVotersServe, bothHold, clusterServes, sizesBelow } from "../conditions.ts";
import { blank, sh } from "../shell.ts";
import type { Site } from "../site.ts";
import type { Book, Step } from "../step.ts";
import { say } from "../step.ts";
import { saveSnapshot } from "../steps/backup.ts";
import { defragmentAll } from "../steps/defragment.ts";
import { look, lookAtAlarms, lookAtCluster } from "../steps/look.ts";

/** etcd's default when the flag is 0 or absent. */
const DEFAULT_QUOTA_BYTES = 2 * 1024 ** 3;

const REVISION = blank(
  "REVISION",
  say(
    "the revision that the step before printed, less as much history as you want to keep",
    "上一步输出的 revision，减去希望保留的历史长度",
  ),
);

export const quota: Book = {
  name: "quota",
  codes: ["QUOTA_EXCEEDED", "QUOTA_NEAR", "DB_GROWTH"],
  summary: ({ code }) =>
    code === "QUOTA_EXCEEDED"
      ? say(
          "The database has reached its quota: etcd refuses every write but deletes until old history is compacted, the file defragmented and the alarm taken back, in this order",
          "数据库达到配额：除删除外 etcd 拒绝所有写入，直到依次压缩历史、整理碎片、解除告警",
        )
      : say(
          "The database comes near its quota; at the quota etcd refuses every write. Old history and free pages are the first to go, then the question who writes so much",
          "数据库接近配额；达到后 etcd 拒绝所有写入。先清理旧历史和空闲页，再查明谁写得这么多",
        ),
  doNot: () => [
    say("disarm first: the next write raises the alarm again", "先解除告警：下一次写入会再次触发"),
    say(
      "defragment all members in one go: each one stands still while it is done",
      "一次整理所有成员：整理期间成员会停顿",
    ),
    say("raise the quota above 8 GiB", "将配额提高到 8 GiB 以上"),
  ],
  steps: (site) => [
    lookAtCluster(site),
    lookAtAlarms(site),
    saveSnapshot(site),
    look(
      say("See the revision to compact to", "查看可压缩到的 revision"),
      say(
        "Kubernetes compacts every 5 minutes by itself: then this gains little, and free pages or live keys are the matter",
        "Kubernetes 每 5 分钟自动压缩：此时收效不大，问题在空闲页或有效键",
      ),
      { command: etcdctl(site.via, sh`endpoint status --write-out=fields | grep -E 'Revision|DBSize'`) },
    ),
    compact(site),
    ...defragmentAll(site),
    ...(site.code === "QUOTA_EXCEEDED" ? [disarm(site)] : []),
    look(
      say("Find who writes so much", "查明谁写得这么多"),
      say(
        "Keys by count, from a copy of the snapshot or a quiet member: events, leases, secrets of releases",
        "按前缀统计键数：events、leases、发布相关的 secrets",
      ),
      {
        command: etcdctl(
          site.via,
          sh`get / --prefix --keys-only | awk -F/ 'NF { print "/" $2 "/" $3 }' | sort | uniq -c | sort -rn | head`,
        ),
      },
    ),
    {
      title: say("Keep history short by itself, and the quota fit", "让历史自动压缩，并设置合适的配额"),
      detail: say(
        "--auto-compaction-mode=periodic --auto-compaction-retention=1h, --quota-backend-bytes up to 8 GiB with disk and memory for it; one member at a time",
        "--auto-compaction-mode=periodic --auto-compaction-retention=1h，--quota-backend-bytes 最多 8 GiB，并有相应磁盘和内存；逐个成员进行",
      ),
      risk: "safe",
      on: site.subject,
      command: configCommand(site.subject),
      condition: allVotersServe(site),
      verify: say("the flags show after the restart", "重启后参数生效"),
      undo: say("put the old flags back", "恢复旧参数"),
    },
    look(
      say("See that the size stays", "确认大小不再增长"),
      say("in use is what is really stored", "in_use 为真实存储量"),
      { on: site.via, command: curlMetrics(site.via, "^etcd_mvcc_db_total_size") },
    ),
  ],
};

function compact(site: Site): Step {
  return {
    title: say("Compact old history", "压缩旧的历史"),
    detail: say(
      "What was at older revisions can no longer be read; watchers that lag behind start anew. It frees pages, not the file; with --physical it returns once they are free, so that a defragmentation finds them",
      "旧 revision 的内容不可再读；落后的 watch 会重新开始。它释放页，但不缩小文件；加 --physical 时待页释放后才返回，便于随后整理碎片",
    ),
    risk: "destructive",
    command: etcdctl(site.via, sh`compact ${REVISION} --physical`),
    condition: clusterServes(site),
    verify: say("it says: compacted revision", "输出 compacted revision"),
    undo: say("cannot be undone; the snapshot holds the history", "无法撤销；快照中保留历史"),
  };
}

function disarm(site: Site): Step {
  return {
    title: say("Take the NOSPACE alarm back, last of all", "最后解除 NOSPACE 告警"),
    detail: say(
      "Writes work again at once. It takes back every alarm, so see the list first",
      "写入立即恢复。该命令解除所有告警，请先查看列表",
    ),
    risk: "disruptive",
    command: etcdctl(site.via, sh`alarm disarm`),
    condition: bothHold(clusterServes(site), sizesBelow(site, quotaBytes(site))),
    verify: say("alarm list is empty, and a minute later too", "alarm list 为空，一分钟后仍为空"),
    undo: say("etcd raises it again by itself at the quota", "达到配额时 etcd 会自动再次触发"),
  };
}

/** The smallest in force on any member: the first that reaches it stops all. */
function quotaBytes(site: Site): number {
  const quotas = site.members.flatMap(({ view, flags }) => {
    const point =
      view === undefined
        ? undefined
        : findPoint(view.state, { metric: "etcd_server_quota_backend_bytes" }, 0);
    const flag = Number(flags?.flags["quota-backend-bytes"] ?? "0");
    const known = point !== undefined && point.value > 0 ? point.value : flag;
    return known > 0 ? [known] : [];
  });
  return quotas.length === 0 ? DEFAULT_QUOTA_BYTES : Math.min(...quotas);
}
