/** QUORUM_AT_RISK: the next failure stops all writes. Repair the one that is out and touch nothing else. */
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { nameMembers } from "../site.ts";
import { saveSnapshot } from "../steps/backup.ts";
import { lookAtCluster, lookAtDisk, lookAtLog } from "../steps/look.ts";
import { startEtcd } from "../steps/service.ts";

export const quorumAtRisk: Book = {
  name: "quorum-at-risk",
  codes: ["QUORUM_AT_RISK"],
  summary: ({ judged }) =>
    say(
      `${judged.quorum.serving} of ${judged.quorum.voters} voters serve and ${judged.quorum.needed} are needed: one more failure stops all writes`,
      `${judged.quorum.voters} 个投票成员中 ${judged.quorum.serving} 个正常服务，需要 ${judged.quorum.needed} 个：再有一个故障将停止所有写入`,
    ),
  doNot: ({ members }) => {
    const serving = members.filter(({ state, isVoter }) => isVoter && state === "serving");
    return [
      say(
        `stop, restart, upgrade or defragment ${nameMembers(serving).en}`,
        `停止、重启、升级或整理 ${nameMembers(serving).zh}`,
      ),
      say("add a voter: the majority that is needed grows at once", "增加投票成员：所需多数会立刻变大"),
    ];
  },
  steps: (site) => [
    lookAtCluster(site),
    saveSnapshot(site),
    lookAtLog(site.subject),
    lookAtDisk(site.subject),
    startEtcd(site.subject),
  ],
};
