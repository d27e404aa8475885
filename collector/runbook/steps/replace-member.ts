/** Steps that give a member whose data cannot be used any more a fresh copy from the others. */
import { etcdctl } from "../commands.ts";
import { clusterServes, etcdIsStopped, othersKeepQuorum } from "../conditions.ts";
import { sh } from "../shell.ts";
import type { Site, SiteMember } from "../site.ts";
import type { Step } from "../step.ts";
import { say } from "../step.ts";
import { saveSnapshot, setDataDirAside } from "./backup.ts";
import { startEtcd, stopEtcd } from "./service.ts";

/** Its place on the member list is given up and taken anew as a learner, so that no vote depends on an empty disk. */
export function replaceMember(site: Site, member: SiteMember): readonly Step[] {
  return [
    saveSnapshot(site),
    stopEtcd(site, member),
    setDataDirAside(member),
    {
      title: say(`Take ${member.label} off the member list`, `将 ${member.label} 移出成员列表`),
      detail: say(
        "Its ID never comes back. With it gone the majority is counted among the others",
        "该 ID 不可再用。移除后多数派只在其余成员中计算",
      ),
      risk: "destructive",
      command: etcdctl(site.via, sh`member remove ${member.memberId}`),
      condition: othersKeepQuorum(site, member),
      verify: say("member list no longer shows it", "member list 中不再有它"),
      undo: say("add it anew, as the next step does", "按下一步重新加入"),
    },
    ...joinAsLearner(site, member),
  ];
}

/** For a member that is already off the list. */
export function joinAsLearner(site: Site, member: SiteMember): readonly Step[] {
  return [
    {
      title: say(`Add ${member.label} anew, as a learner`, `以 learner 身份重新加入 ${member.label}`),
      detail: say(
        "Keep what it prints: ETCD_INITIAL_CLUSTER is what the member must be started with",
        "保留它的输出：成员必须用其中的 ETCD_INITIAL_CLUSTER 启动",
      ),
      risk: "disruptive",
      command: etcdctl(site.via, sh`member add --learner --peer-urls=${member.peerUrl} -- ${member.name}`),
      condition: clusterServes(site),
      verify: say(
        "member list shows it as unstarted, learner true",
        "member list 显示它未启动，且是 learner",
      ),
      undo: say("member remove with the ID that it printed", "用输出的 ID 执行 member remove"),
    },
    {
      title: say(
        `Set --initial-cluster-state=existing and the printed --initial-cluster on ${member.node}`,
        `在 ${member.node} 上设置 --initial-cluster-state=existing 和输出的 --initial-cluster`,
      ),
      detail: say(
        "In the unit, the manifest (while it is moved away) or the configuration file; nothing else changes",
        "在 unit、清单（移走期间）或配置文件中修改；其余不变",
      ),
      risk: "safe",
      on: member,
      condition: etcdIsStopped(member),
      verify: say("both flags read as printed", "两个参数与输出一致"),
      undo: say("put the old values back", "恢复旧值"),
    },
    startEtcd(member),
    {
      title: say(`Make ${member.label} a voter`, `将 ${member.label} 提升为投票成员`),
      detail: say(
        "With the new ID of member list. etcd refuses until it has caught up: wait and repeat, nothing is lost",
        "使用 member list 中的新 ID。追上之前 etcd 会拒绝：稍等重试，不会有损失",
      ),
      risk: "safe",
      command: etcdctl(site.via, sh`member promote ${NEW_ID}`),
      condition: clusterServes(site),
      verify: say(
        "endpoint status shows it in the same term, with an index that moves with the others",
        "endpoint status 显示任期相同，索引随其他成员一起增长",
      ),
      undo: say("member remove", "member remove"),
    },
  ];
}

const NEW_ID = {
  kind: "blank",
  name: "NEW_MEMBER_ID",
  text: say("the ID that member add printed", "member add 输出的 ID"),
} as const;
