/** CRASH_LOOP: etcd starts again and again, which no maintenance does. */
import type { HeldEvent } from "../../view/node-state.ts";
import { eachMember } from "../each-node.ts";
import type { MemberLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { formatDuration } from "../format.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../rule.ts";

export const crashLoop: Rule = {
  code: "CRASH_LOOP",
  layer: "process",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "crash-loop",
  holdMs: 0,
  quietMs: 2000,
  evaluate: eachMember(evaluateMember),
};

/** It ran on well before it ended: restarted, for a new certificate or flag, and not crashing. */
function isLongRun(start: HeldEvent, events: readonly HeldEvent[], longMs: number): boolean {
  const pid = start.event.attributes["pid"];
  const end = events.find(
    ({ atMs, event }) =>
      event.kind === "process_exited" && event.attributes["pid"] === pid && atMs >= start.atMs,
  );
  return end !== undefined && end.atMs - start.atMs >= longMs;
}

function evaluateMember({ cluster, member, node, thresholds }: MemberLook): RuleOutcome {
  const subject = memberSubject(member.name);
  const spanMs = thresholds.crashLoopMs;
  const events = node.state.events.filter(({ atMs }) => cluster.nowMs - atMs <= spanMs);
  const starts = events.filter(
    (start) =>
      start.event.kind === "process_started" && !isLongRun(start, events, thresholds.crashLoopOverMs),
  );
  const span = formatDuration(spanMs);
  const text = {
    en: `etcd was started ${starts.length} times in ${span.en}`,
    zh: `${span.zh}内 etcd 启动了 ${starts.length} 次`,
  };
  const last = starts.at(-1);
  const isOver =
    last !== undefined &&
    member.state === "serving" &&
    cluster.nowMs - last.atMs >= thresholds.crashLoopOverMs;
  if (starts.length < thresholds.crashLoopStarts || isOver) {
    return member.view.process === undefined
      ? {
          kind: "unknown",
          subject,
          reason: {
            en: `the agent on ${node.name} has not looked at the process yet`,
            zh: `${node.name} 上的代理尚未查看进程`,
          },
        }
      : { kind: "ok", subject, ...(starts.length > 0 ? { because: text } : {}) };
  }
  return {
    kind: "bad",
    subject,
    severity: member.state === "serving" ? "warning" : "critical",
    title: {
      en: `etcd of ${member.name} crashes and starts again`,
      zh: `${member.name} 的 etcd 反复崩溃重启`,
    },
    detail: {
      en: `${text.en}; its log on ${node.name} says why it ends: look at the last lines before each start`,
      zh: `${text.zh}；${node.name} 上的日志会说明退出原因：查看每次启动前的最后几行`,
    },
    evidence: starts.slice(-thresholds.crashLoopStarts).map(({ atMs, event }) =>
      createEvidence(
        { node: node.name, source: "/proc", atMs },
        {
          en: `process ${event.attributes["pid"] ?? "?"} started`,
          zh: `进程 ${event.attributes["pid"] ?? "?"} 启动`,
        },
      ),
    ),
    sinceMs: starts[0]?.atMs ?? cluster.nowMs,
  };
}
