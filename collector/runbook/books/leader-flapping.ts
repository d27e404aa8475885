/** LEADER_FLAPPING, HEARTBEATS_LATE: the leader cannot keep its place. Disk, CPU or network of the node that leads. */
import { curlMetrics, etcdctl } from "../commands.ts";
import { bothHold, clusterServes, isNotLeader } from "../conditions.ts";
import { blank, sh } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { look, lookAtCluster } from "../steps/look.ts";

const TO = blank(
  "NEW_LEADER_ID",
  say("ID of a member with a fast disk, from member list", "磁盘快的成员的 ID，见 member list"),
);

export const leaderFlapping: Book = {
  name: "leader-flapping",
  codes: ["LEADER_FLAPPING", "HEARTBEATS_LATE"],
  summary: () =>
    say(
      "The leader changes too often, or its heartbeats come late: its disk, its CPU or the network to the others is too slow for the election timeout",
      "leader 更换过于频繁，或心跳变晚：其磁盘、CPU 或网络跟不上选举超时",
    ),
  doNot: () => [
    say(
      "raise the election timeout before the cause is known: it hides it and makes real failures last longer",
      "在查明原因之前增大选举超时：会掩盖问题并延长真实故障",
    ),
  ],
  steps: (site) => [
    lookAtCluster(site),
    look(
      say("See what the leader waits for", "查看 leader 在等什么"),
      say(
        "Late heartbeats with a slow fsync: disk. With a fast one: CPU. Neither: network",
        "心跳晚且 fsync 慢：磁盘。fsync 快：CPU。都不是：网络",
      ),
      {
        on: site.via,
        command: curlMetrics(
          site.via,
          "^etcd_(server_(heartbeat_send_failures_total|leader_changes_seen_total|slow_apply_total)|disk_wal_fsync_duration_seconds_(sum|count))",
        ),
      },
    ),
    look(
      say("See whether the machine waits for disk or CPU", "查看机器是否在等磁盘或 CPU"),
      say(
        "wa: disk, st: hypervisor, r above the number of CPUs: load",
        "wa：磁盘；st：虚拟化层；r 超过 CPU 数：负载",
      ),
      { on: site.via, command: sh`vmstat 1 5` },
    ),
    {
      title: say("Move the lead to a member that is well", "将 leader 移到状态良好的成员"),
      detail: say("An ordered hand-over: writes wait for less than a second", "有序移交：写入停顿不到一秒"),
      risk: "disruptive",
      command: etcdctl(site.via, sh`move-leader ${TO}`),
      condition: bothHold(clusterServes(site)),
      verify: say(
        "endpoint status shows the new leader, and it stays",
        "endpoint status 显示新的 leader 且保持稳定",
      ),
      undo: say("move it back the same way", "用同样方式移回"),
    },
    {
      title: say("Cure the cause on the node that led", "在原 leader 节点上解决原因"),
      detail: say(
        "Runbooks DISK_SLOW, CPU_STARVED, PACKET_LOSS or TIMEOUTS_UNSUITABLE",
        "见 DISK_SLOW、CPU_STARVED、PACKET_LOSS 或 TIMEOUTS_UNSUITABLE 的手册",
      ),
      risk: "safe",
      on: site.subject,
      condition: isNotLeader(site, site.subject),
      verify: say("no leader change for an hour", "一小时内没有 leader 变更"),
      undo: say("nothing to undo", "无需撤销"),
    },
  ],
};
