/** CPU_STARVED: etcd waits for the CPU. It looks like a slow disk and is none. */
import { configCommand } from "../commands.ts";
import { sh } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { look } from "../steps/look.ts";
import { restartEtcd } from "../steps/service.ts";

export const cpu: Book = {
  name: "cpu",
  codes: ["CPU_STARVED"],
  summary: ({ subject }) =>
    say(
      `etcd on ${subject.node} does not get the CPU when it needs it: heartbeats come late, fsync looks slow though the disk is not`,
      `${subject.node} 上的 etcd 需要时得不到 CPU：心跳变晚，磁盘不慢但 fsync 看起来慢`,
    ),
  doNot: () => [say("replace the disk: it is not the cause", "更换磁盘：原因不在磁盘")],
  steps: (site) => [
    look(
      say("See whether a quota throttles it", "查看是否被配额限流"),
      say("nr_throttled that grows: the quota is too small", "nr_throttled 持续增长：配额太小"),
      {
        on: site.subject,
        command: sh`find /sys/fs/cgroup -path '*etcd*' -name cpu.stat -exec grep -H throttled {} +`,
      },
    ),
    look(
      say("See who else takes the CPU", "查看还有谁占用 CPU"),
      say("st above a few percent: the hypervisor takes it", "st 超过几个百分点：被虚拟化层占用"),
      { on: site.subject, command: sh`top -b -n 1 | head -n 20` },
    ),
    {
      title: say(
        "Raise etcd's CPU quota or weight, or move the other eater away",
        "提高 etcd 的 CPU 配额或权重，或移走另一个占用者",
      ),
      detail: say(
        "CPUQuota and CPUWeight of the unit, resources of the manifest. A limit on etcd is rarely worth it: prefer a request",
        "unit 的 CPUQuota 和 CPUWeight，清单的 resources。给 etcd 设上限很少值得：优先设请求值",
      ),
      risk: "safe",
      on: site.subject,
      command: configCommand(site.subject),
      verify: say("nr_throttled stands still after the restart", "重启后 nr_throttled 不再增长"),
      undo: say("put the old values back", "恢复旧值"),
    },
    restartEtcd(site, site.subject),
  ],
};
