/** OOM_KILLED: the kernel ended etcd for memory, by the counters of its cgroup or of the machine at the moment it went. */
import { eachMember } from "../each-node.ts";
import type { MemberLook } from "../each-node.ts";
import { findLastRunAtMs } from "../last-run.ts";
import type { HeldEvent } from "../../view/node-state.ts";
import { listKernelEvents, proveByKernel } from "../kernel-evidence.ts";
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

/** The counter is looked at once a second; the kernel's line has the moment itself. */
const SAME_KILL_MS = 5000;
/** The machine's counter is looked at every ten seconds, and when etcd goes: it may have risen so long before. */
const COUNTED_MS = 15_000;

/** By the counters as they rose when it went, or by the kernel's own line. */
function isKill({ event: { kind, attributes } }: HeldEvent): boolean {
  return (
    kind === "oom_killed" ||
    (kind === "kernel" && attributes["code"] === "OOM_KILL" && attributes["process"] === "etcd")
  );
}

/**
 * The kernel names every etcd of the machine alike. A process that has run since before the kill is not the one that was killed. Of what
 * was before the agent came, only an etcd that has not been seen to run since can be the one; and where a counter is read, a kill
 * that this agent saw has its own event.
 */
function isOfMember(kill: HeldEvent, { node, member }: MemberLook): boolean {
  const process = member.view.process;
  const startedAtMs = process?.startedAtMs ?? 0;
  const isRunning = process !== undefined && process.fact.pid !== 0;
  if (isRunning && startedAtMs > 0 && startedAtMs < kill.atMs - SAME_KILL_MS) {
    return false;
  }
  if (kill.event.kind === "oom_killed") {
    return !isOfAnother(kill, node);
  }
  return kill.atMs < node.state.instanceSinceMs
    ? startedAtMs === 0
    : !node.state.series.has("node_vmstat_oom_kill");
}

/** By the machine's counter alone, where the kernel names others as killed and nobody names this process: it ended at the same time. */
function isOfAnother({ atMs, event: { kind, attributes } }: HeldEvent, node: MemberLook["node"]): boolean {
  const { pid, scope } = attributes;
  const named = listKernelEvents(node, ["OOM_KILL"], atMs - COUNTED_MS);
  const isToldByStarter = node.state.events.some(
    ({ event }) =>
      event.kind === "process_ended" &&
      event.attributes["pid"] === pid &&
      event.attributes["result"] === "oom-kill",
  );
  return (
    kind === "oom_killed" &&
    scope === "host" &&
    !isToldByStarter &&
    named.length > 0 &&
    !named.some(({ event }) => event.attributes["pid"] === pid)
  );
}

function evaluateMember(look: MemberLook): RuleOutcome {
  const { cluster, member, node, thresholds } = look;
  const subject = memberSubject(member.name);
  const kill = node.state.events.findLast((event) => isKill(event) && isOfMember(event, look));
  const isUp = member.state === "serving";
  // What the kernel said before this agent was there is history once etcd serves.
  const isOver =
    kill !== undefined &&
    isUp &&
    (cluster.nowMs - kill.atMs > thresholds.oomRecentMs || kill.atMs < node.state.instanceSinceMs);
  if (kill !== undefined && (findLastRunAtMs(look) ?? 0) > kill.atMs) {
    const because = {
      en: "after the kernel killed it for memory it ran again, and ended otherwise",
      zh: "内核因内存杀死它之后它又运行过，并以其他方式结束",
    };
    return { kind: "ok", subject, because };
  }
  if (kill === undefined || isOver) {
    // Who has told of an old one tells of a new one too.
    const isCounted = kill !== undefined || node.state.series.has("node_vmstat_oom_kill");
    const because = { en: "the kernel killed nothing of it for memory", zh: "内核没有因内存杀死它" };
    const reason = {
      en: `the kernel's kills for memory on ${node.name} are not known`,
      zh: `不知道 ${node.name} 上内核因内存杀死进程的情况`,
    };
    return isCounted ? { kind: "ok", subject, because } : { kind: "unknown", subject, reason };
  }
  const { pid = "?", scope = "host" } = kill.event.attributes;
  const named = listKernelEvents(node, ["OOM_KILL"], kill.atMs - SAME_KILL_MS).filter(isKill);
  const isProven = scope === "cgroup" || named.length > 0;
  const time = formatTime(kill.atMs).slice(11, 19);
  const text =
    named.length > 0
      ? {
          en: `the kernel names etcd (pid ${pid}) as killed for memory`,
          zh: `内核指明因内存不足杀死 etcd（pid ${pid}）`,
        }
      : isProven
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
      ...(kill.event.kind === "kernel"
        ? []
        : [
            createEvidence(
              { node: node.name, source: scope === "cgroup" ? "cgroup" : "/proc/vmstat", atMs: kill.atMs },
              text,
            ),
          ]),
      ...proveByKernel(node, named),
    ],
    confidence: isProven ? "certain" : "likely",
    sinceMs: kill.atMs,
  };
}
