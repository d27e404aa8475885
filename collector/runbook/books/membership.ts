/** LEARNER_NOT_PROMOTED, EVEN_VOTERS, RAFT_LAG: the list of voters is not what it should be, or one of them lags. */
import { etcdctl } from "../commands.ts";
import { allVotersServe, clusterServes } from "../conditions.ts";
import { blank, sh } from "../shell.ts";
import type { Site } from "../site.ts";
import type { Book, Step } from "../step.ts";
import { say } from "../step.ts";
import { saveSnapshot } from "../steps/backup.ts";
import { look, lookAtCluster, lookAtLog, lookAtMembers } from "../steps/look.ts";

const SPARE_ID = blank(
  "SPARE_MEMBER_ID",
  say("the ID of the voter to give up, from member list", "要移除的投票成员的 ID，见 member list"),
);

export const membership: Book = {
  name: "membership",
  codes: ["LEARNER_NOT_PROMOTED", "EVEN_VOTERS", "RAFT_LAG"],
  summary: ({ subject, code }) =>
    code === "LEARNER_NOT_PROMOTED"
      ? say(
          `${subject.label} is a learner: it has the data and no vote. Promoted, it adds tolerance`,
          `${subject.label} 是 learner：有数据但无投票权。提升后可增加容错`,
        )
      : code === "EVEN_VOTERS"
        ? say(
            "An even number of voters stands no more failures than one less, and waits for more of them",
            "偶数个投票成员的容错不比少一个更多，却要等待更多成员",
          )
        : say(
            `${subject.label} applies entries later than the others: its disk, its CPU or its network does not keep up`,
            `${subject.label} 应用日志落后于其他成员：其磁盘、CPU 或网络跟不上`,
          ),
  doNot: () => [say("change two members at once", "同时变更两个成员")],
  steps: (site) => [
    lookAtMembers(site),
    lookAtCluster(site),
    ...(site.code === "LEARNER_NOT_PROMOTED"
      ? [promote(site)]
      : site.code === "EVEN_VOTERS"
        ? [saveSnapshot(site), removeSpare(site)]
        : [
            lookAtLog(site.subject),
            look(
              say("See which of the three it is", "判断是三者中的哪一个"),
              say(
                "Runbooks DISK_SLOW, CPU_STARVED, PACKET_LOSS",
                "见 DISK_SLOW、CPU_STARVED、PACKET_LOSS 的手册",
              ),
              {
                on: site.subject,
                command: sh`vmstat 1 5`,
              },
            ),
          ]),
    lookAtCluster(site),
  ],
};

function promote(site: Site): Step {
  return {
    title: say(`Make ${site.subject.label} a voter`, `将 ${site.subject.label} 提升为投票成员`),
    detail: say(
      "etcd refuses until it has caught up: nothing is lost by trying",
      "追上之前 etcd 会拒绝：尝试没有损失",
    ),
    risk: "safe",
    command: etcdctl(site.via, sh`member promote ${site.subject.memberId}`),
    condition: clusterServes(site),
    verify: say("member list shows it as a voter", "member list 显示它为投票成员"),
    undo: say("remove it and add it anew as a learner", "移除后以 learner 重新加入"),
  };
}

function removeSpare(site: Site): Step {
  return {
    title: say(
      "Give up one voter, or add one as a learner and promote it",
      "移除一个投票成员，或以 learner 加入一个并提升",
    ),
    detail: say(
      "The one that shares a machine, a rack or a disk with another goes",
      "移除与其他成员共用机器、机架或磁盘的那个",
    ),
    risk: "destructive",
    command: etcdctl(site.via, sh`member remove ${SPARE_ID}`),
    condition: allVotersServe(site),
    verify: say("an odd number of voters, all serving", "投票成员为奇数且全部可用"),
    undo: say("add it anew, with an empty data directory", "用空的数据目录重新加入"),
  };
}
