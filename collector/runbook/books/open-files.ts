/** FD_NEAR_LIMIT: each listener takes only so many connections, then new clients hang without a log line. */
import { configCommand } from "../commands.ts";
import { sh } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { look } from "../steps/look.ts";
import { restartEtcd } from "../steps/service.ts";

export const openFiles: Book = {
  name: "open-files",
  codes: ["FD_NEAR_LIMIT"],
  summary: ({ subject }) =>
    say(
      `etcd on ${subject.node} nears its limit of open files. At the limit new connections hang, and nothing is logged`,
      `${subject.node} 上的 etcd 接近打开文件数上限。达到上限后新连接会挂起，且没有日志`,
    ),
  doNot: () => [],
  steps: (site) => [
    look(
      say("See the limit and who is connected", "查看上限和连接来源"),
      say(
        "Thousands from one address: a client that leaks connections; it is the one to restart",
        "来自同一地址的成千连接：客户端泄漏连接，应重启的是它",
      ),
      {
        on: site.subject,
        command: sh`grep 'open files' /proc/"$(pgrep -xo etcd)"/limits
ss -Htn state established '( sport = :2379 )' | awk '{sub(/:[0-9]+$/, "", $4); print $4}' | sort | uniq -c | sort -rn | head`,
      },
    ),
    {
      title: say("Raise the limit where etcd is started", "在 etcd 启动处提高上限"),
      detail: say(
        "LimitNOFILE=65536 in the unit; static pods take the runtime's limit",
        "unit 中 LimitNOFILE=65536；静态 Pod 使用容器运行时的限制",
      ),
      risk: "safe",
      on: site.subject,
      command: configCommand(site.subject),
      verify: say("the new limit shows after the restart", "重启后显示新的上限"),
      undo: say("put the old limit back", "恢复旧上限"),
    },
    restartEtcd(site, site.subject),
  ],
};
