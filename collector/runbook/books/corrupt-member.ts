/** A member whose WAL or database is damaged, or differs from the others': a fresh copy from them, never a repair. */
import { etcdctl } from "../commands.ts";
import { sh } from "../shell.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { copyDataDir } from "../steps/backup.ts";
import { look, lookAtAlarms, lookAtCluster, lookAtLog, lookAtMembers } from "../steps/look.ts";
import { replaceMember } from "../steps/replace-member.ts";
import { clusterServes } from "../conditions.ts";

export const corruptMember: Book = {
  name: "corrupt-member",
  codes: ["START_WAL_CORRUPT", "START_DB_CORRUPT", "WAL_FILE_MISSING", "DATA_CORRUPT"],
  summary: ({ subject, code }) =>
    code === "DATA_CORRUPT"
      ? say(
          "The members do not hold the same data. The hash that a majority shares is the good one; the other member is replaced",
          "各成员数据不一致。多数成员相同的 hash 为正确的；其余成员需要替换",
        )
      : say(
          `etcd on ${subject.node} cannot read its own files. The others have everything: it gets a fresh copy from them`,
          `${subject.node} 上的 etcd 无法读取自己的文件。其他成员有全部数据：从它们获得新的副本`,
        ),
  doNot: () => [
    say("delete WAL or snapshot files one by one", "逐个删除 WAL 或快照文件"),
    say("copy another member's data directory over it", "用其他成员的数据目录覆盖它"),
    say(
      "replace a member before a majority of equal hashes has shown that it is the bad one",
      "在多数相同的 hash 证明是它损坏之前替换成员",
    ),
  ],
  steps: (site) => [
    lookAtLog(site.subject),
    look(
      say("Compare the members' hashes at one revision", "在同一版本比较各成员的 hash"),
      say(
        "Two hashes count only at the same revision and the same compact revision: repeat until both are equal",
        "只有版本和压缩版本都相同时 hash 才可比较：重复执行直到两者一致",
      ),
      { command: etcdctl(site.via, sh`endpoint hashkv --cluster --write-out=table`) },
    ),
    lookAtMembers(site),
    ...(site.subject.state === "down" ? [copyDataDir(site.subject)] : []),
    ...replaceMember(site, site.subject),
    ...(site.code === "DATA_CORRUPT"
      ? [
          {
            title: say("Take the CORRUPT alarm back", "解除 CORRUPT 告警"),
            detail: say(
              "Only when all hashes agree. It takes back every alarm, so see the list first",
              "仅在所有 hash 一致之后。该命令会解除所有告警，请先查看列表",
            ),
            risk: "disruptive" as const,
            command: etcdctl(site.via, sh`alarm disarm`),
            condition: clusterServes(site),
            verify: say("alarm list is empty and stays so", "alarm list 为空并保持为空"),
            undo: say("it comes back by itself while data differs", "数据仍不一致时告警会自动重现"),
          },
          lookAtAlarms(site),
        ]
      : []),
    lookAtCluster(site),
  ],
};
