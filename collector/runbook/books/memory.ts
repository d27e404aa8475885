/** OOM_KILLED, MEMORY_PRESSURE: etcd needs more memory than it may have, or shares a machine with who takes it. */
import { configCommand, curlMetrics } from "../commands.ts";
import { sh } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { look, lookAtCluster } from "../steps/look.ts";
import { restartEtcd, startEtcd } from "../steps/service.ts";

export const memory: Book = {
  name: "memory",
  codes: ["OOM_KILLED", "MEMORY_PRESSURE"],
  summary: ({ subject }) =>
    say(
      `etcd on ${subject.node} runs out of memory: the kernel kills it, or is about to. Large databases, large ranges and many watches need it`,
      `${subject.node} 上的 etcd 内存不足：内核已将其杀死或即将这样做。大数据库、大范围读和大量 watch 都需要内存`,
    ),
  doNot: () => [say("lower its limit or its database quota on the spot", "当场降低其内存限制或数据库配额")],
  steps: (site) => [
    look(
      say("See who was killed and for which limit", "查看谁因哪个限制被杀"),
      say(
        "constraint=CONSTRAINT_MEMCG: etcd's own limit; CONSTRAINT_NONE: the whole machine",
        "constraint=CONSTRAINT_MEMCG：etcd 自己的限制；CONSTRAINT_NONE：整机",
      ),
      {
        on: site.subject,
        command: sh`dmesg -T | grep -iE 'oom-kill|out of memory|killed process' | tail -n 20`,
      },
    ),
    look(
      say("See who uses the machine's memory", "查看谁占用内存"),
      say(
        "etcd's resident memory is about its database and its open ranges",
        "etcd 的常驻内存大致等于数据库加上进行中的范围读",
      ),
      { on: site.subject, command: sh`ps -eo rss,pid,comm --sort=-rss | head -n 15` },
    ),
    look(
      say("See how large etcd's answers are", "查看 etcd 的应答有多大"),
      say("A client that lists everything at once is the usual reason", "一次列出全部内容的客户端是常见原因"),
      {
        on: site.subject,
        command: curlMetrics(
          site.subject,
          "^(process_resident_memory_bytes|etcd_network_client_grpc_sent_bytes_total|etcd_debugging_mvcc_watcher_total)",
        ),
      },
    ),
    {
      title: say(
        "Give etcd room: raise its limit, or move the other eater away",
        "给 etcd 留出空间：提高限制，或移走另一个占用者",
      ),
      detail: say(
        "MemoryMax of the unit, or resources.limits.memory of the manifest. Then restart this one member",
        "unit 的 MemoryMax，或清单的 resources.limits.memory。之后只重启这一个成员",
      ),
      risk: "safe",
      on: site.subject,
      command: configCommand(site.subject),
      verify: say("the limit is above the resident memory by half", "限制比常驻内存高出一半"),
      undo: say("put the old limit back", "恢复旧的限制"),
    },
    site.subject.state === "down" ? startEtcd(site.subject) : restartEtcd(site, site.subject),
    lookAtCluster(site),
  ],
};
