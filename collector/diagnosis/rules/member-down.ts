/** MEMBER_DOWN: no etcd process where there was one, or every viewpoint is refused. */
import type { Evidence } from "../../../shared/rest.ts";
import type { Text } from "../../../shared/text.ts";
import type { ProcessView } from "../../view/cluster-view.ts";
import { findFact, readSince } from "../../view/node-reading.ts";
import { createEvidence, listRefusals } from "../evidence.ts";
import { formatDuration, formatTime } from "../format.ts";
import type { JudgedCluster, JudgedMember } from "../judged-cluster.ts";
import { findNode, severityOfLoss } from "../judged-cluster.ts";
import { isUp } from "../member-state.ts";
import { proveEnd } from "../process-end-evidence.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../rule.ts";

const BOOTED_LATELY_MS = 3_600_000;

export const memberDown: Rule = {
  code: "MEMBER_DOWN",
  layer: "process",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "member-down",
  holdMs: 0,
  quietMs: 2000,
  evaluate: (cluster, { startingMs }) =>
    cluster.members
      .filter(({ state }) => state !== "removed")
      .map((member) => evaluateMember(cluster, member, startingMs)),
};

function evaluateMember(cluster: JudgedCluster, member: JudgedMember, startingMs: number): RuleOutcome {
  const subject = memberSubject(member.name);
  if (member.state === "down") {
    return describe(cluster, member, startingMs);
  }
  if (isUp(member.state)) {
    const because = { en: `${member.name} answers Status`, zh: `${member.name} 应答 Status` };
    return { kind: "ok", subject, because };
  }
  return member.state === "hung" ? { kind: "ok", subject } : { kind: "unknown", subject, reason: member.why };
}

/** While the others serve, one that may only be restarting wakes nobody: told at once, critical when it has not come back. */
function rateLoss(cluster: JudgedCluster, member: JudgedMember, startingMs: number): "critical" | "warning" {
  const mayBeRestarting = cluster.nowMs - (member.sinceMs ?? Number.NEGATIVE_INFINITY) < startingMs;
  return mayBeRestarting && cluster.quorum.tolerance === 0 ? "warning" : severityOfLoss(cluster, member);
}

function describe(cluster: JudgedCluster, member: JudgedMember, startingMs: number): RuleOutcome {
  const { view, name } = member;
  const process = view.process;
  const isForeign = view.viewpoints.some(({ answer }) => answer === "foreign");
  const proof =
    process === undefined || view.node === undefined || isForeign ? [] : [proveByProcess(view.node, process)];
  return {
    kind: "bad",
    subject: memberSubject(name),
    severity: rateLoss(cluster, member, startingMs),
    ...word(member),
    evidence: [
      ...proof,
      ...proveEnd(findNode(cluster, view.node), process, cluster.nowMs),
      ...proveBoot(cluster, member),
      ...listRefusals(view),
    ],
    ...(member.sinceMs === undefined ? {} : { sinceMs: member.sinceMs }),
  };
}

function proveByProcess(node: string, { fact, sinceMs }: ProcessView): Evidence {
  const origin = { node, source: "/proc", atMs: sinceMs };
  if (fact.pid !== 0) {
    return createEvidence(origin, {
      en: `etcd runs as process ${fact.pid} but does not listen`,
      zh: `etcd 进程 ${fact.pid} 存在但未监听`,
    });
  }
  // What else runs there tells whether the agent looked for the right etcd.
  const note = fact.note === "" || fact.note === "no etcd process" ? "" : fact.note;
  return createEvidence(origin, {
    en: `no etcd process on ${node}${note === "" ? "" : `: ${note}`}`,
    zh: `${node} 上没有 etcd 进程${note === "" ? "" : `：${note}`}`,
  });
}

/** A machine that was booted since explains that etcd ended, and leaves the question why it was not started. */
function proveBoot(cluster: JudgedCluster, { view }: JudgedMember): readonly Evidence[] {
  const node = findNode(cluster, view.node);
  const fact = node && findFact(node.state, "node", "node");
  if (node === undefined || fact === undefined || fact.body.bootedAtUnixMs === 0n) {
    return [];
  }
  const atMs = readSince(fact.body.bootedAtUnixMs, fact.sinceMs, node.state);
  if (cluster.nowMs - atMs > BOOTED_LATELY_MS || (view.process?.startedAtMs ?? 0) >= atMs) {
    return [];
  }
  const at = `${formatTime(atMs).slice(11, 19)}Z`;
  const text = {
    en: `the machine was booted at ${at}, and etcd was not seen to run since`,
    zh: `机器于 ${at} 启动，此后未见 etcd 运行`,
  };
  return [createEvidence({ node: node.name, source: "/proc/uptime", atMs }, text)];
}

/** The title says what was seen, with its time; the detail what else is known of it. */
function word({ name, view, why, isStarting }: JudgedMember): {
  readonly title: Text;
  readonly detail: Text;
} {
  const process = view.process;
  if (isStarting) {
    return { title: { en: `${name} is starting`, zh: `${name} 正在启动` }, detail: why };
  }
  if (process === undefined || process.fact.pid !== 0 || !process.wasSeen) {
    return {
      title: { en: `${name} is down`, zh: `${name} 已停止` },
      detail: why,
    };
  }
  const at = `${formatTime(process.sinceMs).slice(11, 19)}Z`;
  const ran = formatDuration(process.sinceMs - process.startedAtMs);
  const { restarts } = process.fact;
  const again: Text =
    restarts === 0
      ? { en: "", zh: "" }
      : {
          en: `, after ${restarts} restart${restarts === 1 ? "" : "s"}`,
          zh: `，此前重启过 ${restarts} 次`,
        };
  // That no process is there is what the title says.
  const hasRun: Text | undefined =
    process.startedAtMs === 0
      ? undefined
      : { en: `it had run for ${ran.en}${again.en}`, zh: `此前运行了 ${ran.zh}${again.zh}` };
  return {
    title: { en: `${name} is down: etcd exited at ${at}`, zh: `${name} 已停止：etcd 于 ${at} 退出` },
    detail: hasRun ?? why,
  };
}
