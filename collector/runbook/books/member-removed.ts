/** A member that is off the list, or belongs to another cluster: its data is of no use to it any more. */
import { say } from "../step.ts";
import type { Book } from "../step.ts";
import { saveSnapshot, setDataDirAside } from "../steps/backup.ts";
import { lookAtCluster, lookAtConfig, lookAtLog, lookAtMembers } from "../steps/look.ts";
import { joinAsLearner, replaceMember } from "../steps/replace-member.ts";
import { stopEtcd } from "../steps/service.ts";

export const memberRemoved: Book = {
  name: "member-removed",
  codes: ["MEMBER_REMOVED", "CLUSTER_ID_MISMATCH", "START_ALREADY_BOOTSTRAPPED", "MEMBERSHIP_MISMATCH"],
  summary: ({ subject, code }) =>
    code === "MEMBER_REMOVED"
      ? say(
          `${subject.label} was taken off the member list but its etcd still runs: it can never come back with this data`,
          `${subject.label} 已被移出成员列表但其 etcd 仍在运行：带着这份数据无法再加入`,
        )
      : say(
          `${subject.label} and the others do not agree on the cluster they belong to: one was bootstrapped alone, restored alone, or kept an old data directory`,
          `${subject.label} 与其他成员所属的集群不一致：某个成员被单独初始化、单独恢复，或保留了旧的数据目录`,
        ),
  doNot: () => [
    say(
      "let clients use both: a member that is a cluster of its own takes writes and loses them",
      "让客户端同时使用两边：自成集群的成员会接受写入，而这些写入会丢失",
    ),
    say("take this for a network problem", "把它当成网络问题"),
  ],
  steps: (site) => [
    lookAtLog(site.subject),
    lookAtMembers(site),
    lookAtConfig(site.subject),
    ...(site.code === "MEMBER_REMOVED"
      ? [
          saveSnapshot(site),
          stopEtcd(site, site.subject),
          setDataDirAside(site.subject),
          ...joinAsLearner(site, site.subject),
        ]
      : replaceMember(site, site.subject)),
    lookAtCluster(site),
  ],
};
