/**
 * CPU_STARVED: etcd's threads are ready to run and do not get a CPU, because of its cgroup's quota or of its neighbours. It
 * makes fsyncs and heartbeats look slow on a good disk and network.
 */
import { findIncrease } from "../../view/node-reading.ts";
import type { Increase } from "../../view/node-reading.ts";
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { formatDuration, formatRatio } from "../format.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

/** Two intervals of the probe: one may be a burst. */
const LEAST_MS = 15_000;

export const cpuStarved: Rule = {
  code: "CPU_STARVED",
  layer: "process",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "cpu-starved",
  // The two intervals are the hold.
  holdMs: 0,
  quietMs: 30_000,
  evaluate: eachNode(evaluateNode),
};

function evaluateNode(look: NodeLook): RuleOutcome {
  const { node, thresholds } = look;
  const subject = nodeSubject(node.name);
  const throttled = readShare(look, "container_cpu_cfs_throttled_seconds_total");
  const waited = readShare(look, "etcdscope_process_cpu_wait_seconds_total");
  const ran = readShare(look, "process_cpu_seconds_total");
  if (throttled === undefined && waited === undefined) {
    const reason = {
      en: `how long etcd on ${node.name} waits for a CPU is not known yet`,
      zh: `尚不知道 ${node.name} 上的 etcd 等待 CPU 的时间`,
    };
    return { kind: "unknown", subject, reason, isBeyondOneLook: true };
  }
  const isThrottled = throttled !== undefined && throttled.share >= thresholds.cpuThrottledRatio;
  // Many threads that each wait a little is a busy etcd; a starved one waits longer than it runs.
  const isWaiting =
    waited !== undefined && waited.share >= thresholds.cpuWaitRatio && waited.share > (ran?.share ?? 0);
  const quota = throttled === undefined ? undefined : formatRatio(throttled.share);
  const wait = waited === undefined ? undefined : formatDuration(waited.share * 1000);
  if (!isThrottled && !isWaiting) {
    const because =
      wait === undefined
        ? {
            en: `its CPU quota holds it back ${quota ?? ""} of the time`,
            zh: `CPU 配额限制时间占 ${quota ?? ""}`,
          }
        : { en: `etcd waits ${wait.en} a second for a CPU`, zh: `etcd 每秒等待 CPU ${wait.zh}` };
    return { kind: "ok", subject, because };
  }
  const measured = isThrottled
    ? {
        at: throttled,
        limit: thresholds.cpuThrottledRatio,
        source: "cpu.stat",
        text: {
          en: `the CPU quota of its cgroup holds it back ${quota ?? ""} of the time`,
          zh: `所在 cgroup 的 CPU 配额使其 ${quota ?? ""} 的时间被限制`,
        },
        advice: {
          en: "Raise or remove the quota; until then slow fsyncs and late heartbeats say nothing about disk and network",
          zh: "请提高或取消配额；在此之前 fsync 变慢和心跳延迟不能说明磁盘或网络有问题",
        },
      }
    : {
        at: waited ?? { share: 0, atMs: node.state.atMs },
        limit: thresholds.cpuWaitRatio,
        source: "schedstat",
        text: {
          en: `its threads wait ${wait?.en ?? ""} for a CPU in each second`,
          zh: `其线程每秒等待 CPU ${wait?.zh ?? ""}`,
        },
        advice: {
          en: "Other processes on the machine take the CPUs: find them with top, move them or give etcd a higher weight",
          zh: "本机其他进程占用了 CPU：用 top 找出，迁走它们或提高 etcd 的权重",
        },
      };
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: {
      en: `etcd on ${node.name} gets too little CPU: ${measured.text.en}`,
      zh: `${node.name} 上的 etcd 得不到足够 CPU：${measured.text.zh}`,
    },
    detail: measured.advice,
    evidence: [
      createEvidence({ node: node.name, source: measured.source, atMs: measured.at.atMs }, measured.text, {
        value: Number(measured.at.share.toFixed(3)),
        threshold: measured.limit,
        unit: "ratio",
      }),
    ],
  };
}

/** Seconds of it in each second of the last two intervals at least. */
function readShare(
  { node, sinceMs }: NodeLook,
  metric: string,
): { readonly share: number; readonly atMs: number } | undefined {
  const grown: Increase | undefined = findIncrease(node.state, { metric }, sinceMs);
  return grown === undefined || grown.overMs < LEAST_MS
    ? undefined
    : { share: (grown.value * 1000) / grown.overMs, atMs: grown.atMs };
}
