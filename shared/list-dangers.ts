/** What not to do, where the quorum alone makes it certain: said by the commands and the console in the same words. */
import type { ClusterState } from "./rest.ts";
import type { Text } from "./text.ts";

/** What would make it worse. */
export function listDangers(state: ClusterState): readonly Text[] {
  const { voters, needed, tolerance } = state.quorum;
  if (state.verdict === "quorum-lost" && voters > 1) {
    return [
      {
        en: "delete a data directory or use --force-new-cluster: members that come back bring the quorum back",
        zh: "删除数据目录或使用 --force-new-cluster：成员恢复后法定人数即恢复",
      },
    ];
  }
  const serving = state.members.filter((member) => member.state === "serving" && member.role !== "learner");
  if (tolerance !== 0 || voters < 2 || serving.length === 0) {
    return [];
  }
  const names = serving.map(({ name }) => name);
  return [
    {
      en: `stop ${names.join(" or ")}: the quorum of ${needed} would be lost`,
      zh: `停止 ${names.join(" 或 ")}：否则将失去法定人数（需要 ${needed} 个）`,
    },
  ];
}
