/** START_ALREADY_BOOTSTRAPPED: a member whose data is gone starts as a new one, but the cluster knows it already. */
import type { StartFact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Text } from "../../../shared/text.ts";
import type { MemberLook } from "../each-node.ts";
import { createStartRule } from "../start-rule.ts";

export const startAlreadyBootstrapped = createStartRule({
  code: "START_ALREADY_BOOTSTRAPPED",
  runbook: "start-already-bootstrapped",
  says: ["START_ALREADY_BOOTSTRAPPED"],
  what: {
    en: "its data is gone, and the cluster already has this member",
    zh: "其数据已丢失，而集群中已有该成员",
  },
  detail: {
    en: "Find out where the data went (a mount that is missing, another --data-dir). If it is lost: remove the member, add it again, and start it with --initial-cluster-state=existing",
    zh: "先查明数据去向（未挂载，或 --data-dir 被改动）。若确已丢失：移除该成员并重新添加，再以 --initial-cluster-state=existing 启动",
  },
  findObstacles: sayEmpty,
});

function sayEmpty(start: StartFact, { cluster, member }: MemberLook): readonly Text[] {
  const isListed = cluster.view.membership.source === "list" && member.view.memberId !== "";
  return start.isEmpty && start.initialClusterState === "new" && isListed
    ? [
        {
          en: `its data directory holds no member and --initial-cluster-state is new, but the cluster has it as ${member.view.memberId}`,
          zh: `其数据目录中没有成员数据，--initial-cluster-state 为 new，但集群中已有该成员 ${member.view.memberId}`,
        },
      ]
    : [];
}
