/** READS_HANG: a member answers reads from its own data, but not those that the leader must confirm, while its peers are well. */
import { Outcome } from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import { eachMember } from "../each-node.ts";
import type { MemberLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { proveByHealth } from "../health-evidence.ts";
import { severityOfLoss } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../rule.ts";

export const readsHang: Rule = {
  code: "READS_HANG",
  layer: "cluster",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "reads-hang",
  holdMs: 0,
  quietMs: 2000,
  evaluate: eachMember(evaluateMember),
};

function evaluateMember({ member, node, cluster, thresholds }: MemberLook): RuleOutcome {
  const subject = memberSubject(member.name);
  const { serializable, linearizable, statement } = member.view;
  if (linearizable === undefined || serializable === undefined) {
    const reason = {
      en: `the agent on ${node.name} has not read from etcd yet`,
      zh: `${node.name} 上的代理尚未从 etcd 读取`,
    };
    return { kind: "unknown", subject, reason };
  }
  const leader = cluster.leader;
  const hasFailed = linearizable.outcome === Outcome.FAILED || linearizable.outcome === Outcome.TIMED_OUT;
  const isProven =
    hasFailed &&
    linearizable.errorCode !== "no_leader" &&
    serializable.outcome === Outcome.OK &&
    member.state === "no-quorum" &&
    cluster.nowMs - linearizable.endedAtMs <= thresholds.readHeldMs;
  // Cut off from the leader, or without one, it cannot do otherwise: other findings say so.
  const isInTouch =
    leader !== undefined &&
    cluster.quorum.tolerance >= 0 &&
    statement !== undefined &&
    statement.term === leader.term &&
    !cluster.view.links.some(
      ({ from, to, port, state }) =>
        port === "peer" && state === "down" && (from === member.name || to === member.name),
    );
  if (!isProven || !isInTouch) {
    return linearizable.outcome === Outcome.OK
      ? { kind: "ok", subject, because: { en: "linearizable reads answer", zh: "线性一致读正常" } }
      : { kind: "ok", subject };
  }
  const code = linearizable.errorCode || "timeout";
  const text = {
    en: `a linearizable read fails (${code}), a serializable one answers`,
    zh: `线性一致读失败（${code}），而串行读有应答`,
  };
  return {
    kind: "bad",
    subject,
    severity: severityOfLoss(cluster, member),
    title: { en: `Reads hang on ${member.name}`, zh: `${member.name} 的读取挂起` },
    detail: {
      en: `${text.en}, while its peers serve and its links are up: it does not apply what the leader confirms. Clients that use this endpoint time out. See its disk and CPU before it is restarted`,
      zh: `${text.zh}，而其他成员正常、链路畅通：它没有应用 leader 确认的内容。使用该端点的客户端会超时。重启之前请检查其磁盘和 CPU`,
    },
    evidence: [
      createEvidence({ node: node.name, source: "read", atMs: linearizable.endedAtMs }, text),
      ...proveByHealth(node),
    ],
    ...(linearizable.failingSinceMs === undefined ? {} : { sinceMs: linearizable.failingSinceMs }),
  };
}
