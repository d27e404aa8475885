/** NO_LEADER, READS_HANG: members are up and nothing gets decided. Wait, look at links, disks and CPU, and restart at most one. */
import { curlMetrics, logCommand } from "../commands.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { sh } from "../shell.ts";
import { look, lookAtCluster } from "../steps/look.ts";
import { inTurn, restartEtcd } from "../steps/service.ts";

export const noLeader: Book = {
  name: "no-leader",
  codes: ["NO_LEADER", "READS_HANG"],
  summary: ({ code }) =>
    code === "READS_HANG"
      ? say(
          "Serializable reads are answered and linearizable ones are not: the leader cannot confirm that it leads",
          "串行读有应答而线性一致读没有：leader 无法确认自己的地位",
        )
      : say(
          "A majority is up and has no leader. Serializable reads still work, nothing else does. An election takes a second or two: what lasts has a cause",
          "多数派在线但没有 leader。只有串行读可用。选举只需一两秒：持续不成必有原因",
        ),
  doNot: () => [
    say(
      "restart several members: each restart begins the election anew",
      "同时重启多个成员：每次重启都会重新选举",
    ),
    say("use --force-new-cluster", "使用 --force-new-cluster"),
  ],
  steps: (site) => [
    lookAtCluster(site),
    ...inTurn(site)
      .slice(0, 7)
      .map((member) =>
        look(
          say(`Read what ${member.label} says of elections`, `查看 ${member.label} 的选举日志`),
          say("Who campaigns, who rejects it, and why", "谁在竞选、谁拒绝、原因是什么"),
          {
            on: member,
            command: grepLog(logCommand(member, 500)),
          },
        ),
      ),
    look(
      say(
        "See whether disks are slow: a leader that cannot write its log loses its place",
        "查看磁盘是否慢：写不了日志的 leader 会失去地位",
      ),
      say(
        "runbook DISK_SLOW, or CPU_STARVED when the disk is fast",
        "见 DISK_SLOW；磁盘不慢则见 CPU_STARVED",
      ),
      {
        on: site.subject,
        command: curlMetrics(
          site.subject,
          "^etcd_(disk_wal_fsync_duration_seconds_(sum|count)|server_(has_leader|leader_changes_seen_total|heartbeat_send_failures_total))",
        ),
      },
    ),
    restartEtcd(site, site.subject),
    lookAtCluster(site),
  ],
};

function grepLog(command: ReturnType<typeof logCommand>) {
  return command === undefined
    ? undefined
    : sh`${command} 2>&1 | grep -iE 'elect|campaign|leader|vote|term' | tail -n 30`;
}
