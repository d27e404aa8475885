/** Defragmentation: it stops a member for as long as it takes, so one member at a time, and the leader last. */
import { etcdctl } from "../commands.ts";
import { allVotersServe, bothHold, othersKeepQuorum } from "../conditions.ts";
import { sh } from "../shell.ts";
import type { Site } from "../site.ts";
import type { Step } from "../step.ts";
import { say } from "../step.ts";
import { inTurn } from "./service.ts";

export function defragmentAll(site: Site): readonly Step[] {
  return inTurn(site).map((member): Step => {
    const isLast = member.isLeader;
    return {
      title: isLast
        ? say(`Defragment ${member.label}, the leader, last`, `最后整理 leader ${member.label}`)
        : say(`Defragment ${member.label}`, `整理 ${member.label} 的碎片`),
      detail: say(
        "It answers nobody meanwhile, some seconds a gigabyte, and needs room on disk for a second copy of what is in use",
        "期间它不应答，每 GB 数秒，并需要磁盘容纳一份在用数据的副本",
      ),
      risk: "disruptive",
      command: etcdctl(member, sh`--command-timeout=300s defrag`),
      condition: bothHold(allVotersServe(site), othersKeepQuorum(site, member)),
      verify: say(
        "its size in endpoint status has come down, and it serves, before the next member's turn",
        "endpoint status 中其大小已下降且可用，再轮到下一个成员",
      ),
      undo: say("nothing to undo: the data is the same", "无需撤销：数据不变"),
    };
  });
}
