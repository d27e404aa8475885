/** CLOCK_SKEW: raft does not care, certificates, leases and logs do. Slew, never step, beside a running etcd. */
import { sh } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { look } from "../steps/look.ts";

export const clock: Book = {
  name: "clock",
  codes: ["CLOCK_SKEW"],
  summary: ({ subject }) =>
    say(
      `The clock of ${subject.node} differs from the others'. It breaks certificates that are not yet, or no longer, valid there, and makes logs hard to read; elections do not depend on it`,
      `${subject.node} 的时钟与其他节点不同。会使证书在该处尚未生效或已过期，日志难以对照；选举不依赖时钟`,
    ),
  doNot: () => [
    say(
      "set the clock back by hand while etcd runs: leases are counted by it",
      "在 etcd 运行时手工回拨时钟：租约依赖它计时",
    ),
  ],
  steps: (site) => [
    look(
      say("See whether the clock is kept", "查看时钟是否同步"),
      say(
        "System clock synchronized: yes, and an active NTP service",
        "System clock synchronized: yes，且 NTP 服务处于活动状态",
      ),
      {
        on: site.subject,
        command: sh`timedatectl
chronyc tracking
chronyc sources`,
      },
    ),
    {
      title: say("Start what keeps it", "启动时间同步服务"),
      detail: say(
        "chrony, or systemd-timesyncd. Both slew small offsets; a large one is stepped only at their start",
        "chrony 或 systemd-timesyncd。小偏差逐渐校正；大偏差只在启动时跳变",
      ),
      risk: "safe",
      on: site.subject,
      command: sh`systemctl enable --now chrony`,
      verify: say("the offset falls below 100 ms", "偏差降到 100 毫秒以下"),
      undo: say("stop it again", "再次停止它"),
    },
  ],
};
