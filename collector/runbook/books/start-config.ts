/** START_CONFIG_INVALID, START_PORT_IN_USE: etcd exits at its start because of what it was told, or of who holds its port. */
import { sh } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { look, lookAtCluster, lookAtConfig, lookAtLog } from "../steps/look.ts";
import { startEtcd } from "../steps/service.ts";

export const startConfig: Book = {
  name: "start-config",
  codes: ["START_CONFIG_INVALID", "START_PORT_IN_USE"],
  summary: ({ subject, code }) =>
    code === "START_PORT_IN_USE"
      ? say(
          `another process holds a port that etcd on ${subject.node} needs: often a second etcd, or the one that has not ended yet`,
          `${subject.node} 上 etcd 需要的端口被其他进程占用：常为另一个 etcd，或尚未退出的旧进程`,
        )
      : say(
          `etcd on ${subject.node} does not accept its flags or its configuration file`,
          `${subject.node} 上的 etcd 不接受其参数或配置文件`,
        ),
  doNot: () => [
    say(
      "change the member's name, its data directory or its initial cluster to make it start",
      "为了启动而更改成员名、数据目录或初始集群",
    ),
  ],
  steps: (site) => [
    lookAtLog(site.subject),
    look(
      say("See who holds etcd's ports", "查看谁占用 etcd 的端口"),
      say(
        "A process that is not etcd goes; an etcd that is not this member's is found first",
        "不是 etcd 的进程应移走；若是其他成员的 etcd，先查清来历",
      ),
      { on: site.subject, command: sh`ss -Hltnp '( sport = :2379 or sport = :2380 or sport = :2381 )'` },
    ),
    lookAtConfig(site.subject),
    {
      title: say(
        "Put right the flag that the log names, keeping a copy of the file",
        "改正日志指出的参数，并保留原文件副本",
      ),
      detail: say(
        "With --config-file etcd ignores every other flag and all ETCD_ variables",
        "使用 --config-file 时 etcd 忽略其他参数和所有 ETCD_ 变量",
      ),
      risk: "safe",
      on: site.subject,
      verify: say("the flags compare with those of a member that works", "参数与正常成员一致"),
      undo: say("put the copy back", "恢复副本"),
    },
    startEtcd(site.subject),
    lookAtCluster(site),
  ],
};
