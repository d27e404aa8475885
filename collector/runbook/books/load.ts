/** Slow or refused requests while disks, CPU and network are well: find the client and slow it down. */
import { curlMetrics } from "../commands.ts";
import { sh } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { look, lookAtCluster, lookAtLog } from "../steps/look.ts";

export const load: Book = {
  name: "load",
  codes: [
    "SLOW_REQUESTS",
    "PROPOSALS_FAILING",
    "PROPOSALS_PENDING",
    "REQUEST_OVERLOAD",
    "LARGE_RESPONSES",
    "COMPACTION_FAILING",
  ],
  summary: () =>
    say(
      "etcd is asked for more than it can give, or what it does is held up. Disk, CPU and leader come first (their own findings say so); then the client that asks too much",
      "对 etcd 的请求超过其能力，或其处理受阻。先看磁盘、CPU 和 leader（各有对应发现）；再查请求过多的客户端",
    ),
  doNot: () => [
    say("add members: every write then waits for more of them", "增加成员：每次写入要等待更多成员"),
    say("restart etcd: the clients come back all at once", "重启 etcd：客户端会同时重连"),
  ],
  steps: (site) => [
    lookAtCluster(site),
    look(
      say("See what waits and what fails", "查看积压和失败"),
      say(
        "Pending that stays above zero; failed and slow that grow",
        "pending 长期大于零；failed 和 slow 持续增长",
      ),
      {
        on: site.subject,
        command: curlMetrics(
          site.subject,
          "^etcd_server_(proposals_(pending|failed_total|committed_total|applied_total)|slow_(apply|read_indexes)_total|read_indexes_failed_total)",
        ),
      },
    ),
    look(
      say("See which calls there are most of", "查看最多的调用"),
      say(
        "Range without a limit, Txn, LeaseGrant: which one grows",
        "无限制的 Range、Txn、LeaseGrant：看哪个在增长",
      ),
      {
        on: site.subject,
        command: curlMetrics(site.subject, "^grpc_server_(started|handled)_total.*(Range|Txn|Lease|Compact)"),
      },
    ),
    lookAtLog(site.subject),
    look(
      say("See who is connected", "查看连接来源"),
      say(
        "Connections by address; the busiest API server names its client in its audit log",
        "按地址统计连接；最忙的 API Server 可在审计日志中找到其客户端",
      ),
      {
        on: site.subject,
        command: sh`ss -Htn state established '( sport = :2379 )' | awk '{ print $4 }' | sort | uniq -c | sort -rn | head`,
      },
    ),
    {
      title: say("Slow that client down", "限制该客户端"),
      detail: say(
        "In Kubernetes by API priority and fairness, or by scaling the controller to zero",
        "在 Kubernetes 中用 API 优先级与公平性，或将该控制器缩容为零",
      ),
      risk: "safe",
      verify: say("pending falls to zero, latency comes back", "pending 归零，延迟恢复"),
      undo: say("take the limit away", "取消限制"),
    },
  ],
};
