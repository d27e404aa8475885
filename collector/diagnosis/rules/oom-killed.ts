/** OOM_KILLED: the kernel ended etcd for memory, by the counters of its cgroup or of the machine at the moment it went. */
import { eachMember } from "../each-node.ts";
import type { MemberLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { formatTime } from "../format.ts";
import { severityOfLoss } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../rule.ts";

export const oomKilled: Rule = {
  code: "OOM_KILLED",
  layer: "process",
  // The kill is over when it is seen: what it broke is told by its effects.
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "oom-killed",
  holdMs: 0,
  quietMs: 2000,
  evaluate: eachMember(evaluateMember),
};

function evaluateMember({ cluster, member, node, thresholds }: MemberLook): RuleOutcome {
  const subject = memberSubject(member.name);
  const kill = node.state.events.findLast(({ event }) => event.kind === "oom_killed");
  const isUp = member.state === "serving";
  if (kill === undefined || (isUp && cluster.nowMs - kill.atMs > thresholds.oomRecentMs)) {
    const isCounted = node.state.series.has("node_vmstat_oom_kill");
    const because = { en: "the kernel killed nothing of it for memory", zh: "内核没有因内存杀死它" };
    const reason = {
      en: `the kernel's kills for memory on ${node.name} are not known`,
      zh: `不知道 ${node.name} 上内核因内存杀死进程的情况`,
    };
    return isCounted ? { kind: "ok", subject, because } : { kind: "unknown", subject, reason };
  }
  const { pid = "?", scope = "host" } = kill.event.attributes;
  const isProven = scope === "cgroup";
  const time = formatTime(kill.atMs).slice(11, 19);
  const text = isProven
    ? {
        en: `the kill counter of its cgroup rose as process ${pid} went`,
        zh: `进程 ${pid} 消失时其 cgroup 的 OOM 计数增加`,
      }
    : {
        en: `the machine's kill counter rose as process ${pid} went`,
        zh: `进程 ${pid} 消失时本机的 OOM 计数增加`,
      };
  return {
    kind: "bad",
    subject,
    severity: isUp ? "warning" : severityOfLoss(cluster, member),
    title: {
      en: `The kernel killed etcd of ${member.name} for memory at ${time}Z`,
      zh: `内核于 ${time}Z 因内存不足杀死 ${member.name} 的 etcd`,
    },
    detail: {
      en: `${text.en}; give it more memory, or find who else on ${node.name} took it, before it fills up again`,
      zh: `${text.zh}；请增加其内存，或在再次耗尽前查明 ${node.name} 上还有谁占用了内存`,
    },
    evidence: [
      createEvidence(
        { node: node.name, source: isProven ? "cgroup" : "/proc/vmstat", atMs: kill.atMs },
        text,
      ),
    ],
    confidence: isProven ? "certain" : "likely",
    sinceMs: kill.atMs,
  };
}
