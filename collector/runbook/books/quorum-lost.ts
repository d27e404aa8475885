/** QUORUM_LOST: bring back members with their data. Only when that cannot be, a restore. */
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { look, lookAtCluster, lookAtDisk, lookAtLog } from "../steps/look.ts";
import { startEtcd } from "../steps/service.ts";
import { restoreSteps } from "./restore.ts";

export const quorumLost: Book = {
  name: "quorum-lost",
  codes: ["QUORUM_LOST"],
  summary: ({ judged }) =>
    say(
      `No majority: no writes, no linearizable reads. ${judged.quorum.needed} of ${judged.quorum.voters} voters are needed; running workloads go on. Members that come back with their data bring everything back`,
      `没有多数派：无法写入，也无法线性一致读。需要 ${judged.quorum.needed}/${judged.quorum.voters} 个投票成员；已运行的工作负载继续运行。成员带着数据恢复后一切恢复`,
    ),
  doNot: () => [
    say(
      "delete or move a data directory: each one may be the one that is needed",
      "删除或移动数据目录：每一份都可能是必需的",
    ),
    say(
      "use --force-new-cluster: it keeps one member's view and loses the rest",
      "使用 --force-new-cluster：只保留一个成员的数据，其余丢失",
    ),
    say(
      "remove members from the list: without a quorum it cannot be done anyway",
      "移除成员：没有法定人数时也做不到",
    ),
  ],
  steps: (site) => {
    const out = site.members.filter(
      ({ state, isVoter }) => isVoter && state !== "serving" && state !== "removed",
    );
    const members = (out.length === 0 ? [site.subject] : out).slice(0, 7);
    return [
      lookAtCluster(site),
      ...members.flatMap((member) =>
        member.state === "no-quorum" ? [] : [lookAtLog(member), lookAtDisk(member), startEtcd(member)],
      ),
      look(
        say(
          "If they run and still have no leader: see the links between them",
          "若都在运行仍无 leader：检查成员间链路",
        ),
        say(
          "Runbooks PARTITION and CERT_EXPIRED: both look like a lost quorum",
          "见 PARTITION 和 CERT_EXPIRED 的手册：两者表现都像失去法定人数",
        ),
      ),
      look(
        say(
          "Stop here unless the disks of a majority are lost for good",
          "除非多数成员的磁盘永久损坏，否则到此为止",
        ),
        say("What follows loses every write since the snapshot", "以下步骤会丢失快照之后的所有写入"),
      ),
      ...restoreSteps(site),
    ];
  },
};
