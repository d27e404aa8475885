/** FLAG_DRIFT, CORRUPT_CHECK_OFF, AUTO_COMPACTION_OFF: members started differently, or without a safety that costs nothing. */
import { configCommand } from "../commands.ts";
import { allVotersServe } from "../conditions.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { look } from "../steps/look.ts";
import { inTurn, restartOneByOne } from "../steps/service.ts";

export const flags: Book = {
  name: "flags",
  codes: ["FLAG_DRIFT", "CORRUPT_CHECK_OFF", "AUTO_COMPACTION_OFF"],
  summary: ({ code }) =>
    code === "FLAG_DRIFT"
      ? say(
          "Members run with different flags where they should not: the cluster behaves as its worst member",
          "成员的参数不一致：集群的表现取决于最差的成员",
        )
      : code === "AUTO_COMPACTION_OFF"
        ? say(
            "Nobody compacts old history: the database grows until the quota stops all writes. With Kubernetes the API server does it",
            "没有人压缩旧历史：数据库会一直增长直到配额停止写入。使用 Kubernetes 时由 API Server 负责",
          )
        : say(
            "A corrupt member would not be noticed. The check at start costs a second, the periodic one a hash of the database",
            "成员损坏将无法察觉。启动检查只需一秒，周期检查需计算数据库 hash",
          ),
  doNot: () => [say("change several flags at once", "一次更改多个参数")],
  steps: (site) => [
    ...inTurn(site)
      .slice(0, 7)
      .map((member) =>
        look(
          say(`Read the flags of ${member.label}`, `查看 ${member.label} 的参数`),
          say("Compare side by side", "逐项对比"),
          {
            on: member,
            command: configCommand(member),
          },
        ),
      ),
    {
      title: say("Write the same flag for every member", "为每个成员写入相同的参数"),
      detail: say(
        "--experimental-initial-corrupt-check=true; --auto-compaction-mode=periodic --auto-compaction-retention=1h; equal heartbeat, election and quota",
        "--experimental-initial-corrupt-check=true；--auto-compaction-mode=periodic --auto-compaction-retention=1h；心跳、选举和配额一致",
      ),
      risk: "safe",
      verify: say("the files differ in names and addresses only", "各文件仅名称和地址不同"),
      undo: say("put the old value back", "恢复旧值"),
    },
    restartOneByOne(site, allVotersServe(site)),
  ],
};
