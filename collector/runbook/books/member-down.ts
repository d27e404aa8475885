/** MEMBER_DOWN and its kin: there is no etcd process. First why, then start; its data is almost always good. */
import { othersKeepQuorum } from "../conditions.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { lookAtCluster, lookAtConfig, lookAtDisk, lookAtLog, lookForStarter } from "../steps/look.ts";
import { startEtcd } from "../steps/service.ts";

export const memberDown: Book = {
  name: "member-down",
  codes: ["MEMBER_DOWN", "ETCD_NOT_FOUND", "CRASH_LOOP"],
  summary: ({ subject, code }) =>
    code === "CRASH_LOOP"
      ? say(
          `etcd on ${subject.node} starts and exits again and again: each start fails for the same reason, which its log names`,
          `${subject.node} 上的 etcd 反复启动又退出：每次失败的原因相同，日志中有说明`,
        )
      : say(
          `etcd of ${subject.label} does not run. With a majority left the others go on; bring it back before anything else fails`,
          `${subject.label} 的 etcd 没有运行。多数派仍在时其余成员继续服务；请在其他故障发生前恢复它`,
        ),
  doNot: (site) => [
    say(
      "delete its data directory: started with it, the member catches up by itself",
      "删除其数据目录：带着数据启动，成员会自动追上",
    ),
    ...(othersKeepQuorum(site, site.subject).state === "refused"
      ? []
      : [say("restart the members that serve", "重启正常服务的成员")]),
  ],
  steps: (site) => [
    lookAtLog(site.subject),
    ...(site.code === "ETCD_NOT_FOUND" && site.subject.supervisor.kind === "unknown"
      ? [lookForStarter(site.subject)]
      : []),
    lookAtDisk(site.subject),
    lookAtConfig(site.subject),
    startEtcd(site.subject),
    lookAtCluster(site),
  ],
};
