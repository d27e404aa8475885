/** MEMORY_PRESSURE: etcd is near its memory limit, or its machine has little memory left: the kernel kills next. */
import type { Text } from "../../../shared/text.ts";
import { findIncrease, findPoint } from "../../view/node-reading.ts";
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { formatBytes, formatRatio, joinTexts } from "../format.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

/** Pressure counts over two intervals of the probe at least. */
const LEAST_MS = 15_000;

export const memoryPressure: Rule = {
  code: "MEMORY_PRESSURE",
  layer: "process",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "memory-pressure",
  holdMs: 0,
  quietMs: 30_000,
  evaluate: eachNode(evaluateNode),
};

interface Measured {
  readonly isBad: boolean;
  readonly source: string;
  readonly text: Text;
  readonly value: number;
  readonly threshold: number;
  readonly atMs: number;
}

function evaluateNode(look: NodeLook): RuleOutcome {
  const { node } = look;
  const subject = nodeSubject(node.name);
  const measured = [readLimit(look), readAvailable(look), readPressure(look)].filter(
    (one) => one !== undefined,
  );
  const first = measured[0];
  if (first === undefined) {
    const reason = {
      en: `nothing about memory came from ${node.name} lately`,
      zh: `最近没有收到 ${node.name} 的内存数据`,
    };
    return { kind: "unknown", subject, reason };
  }
  const bad = measured.filter(({ isBad }) => isBad);
  if (bad.length === 0) {
    return { kind: "ok", subject, because: first.text };
  }
  const said = joinTexts(bad.map(({ text }) => text));
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: { en: `Memory is short on ${node.name}: ${said.en}`, zh: `${node.name} 内存不足：${said.zh}` },
    detail: {
      en: "When it runs out the kernel kills etcd, or pages of its database must be read from disk again and again",
      zh: "耗尽后内核会杀死 etcd，或者数据库页面需要反复从磁盘读取",
    },
    evidence: bad.map(({ source, text, value, threshold, atMs }) =>
      createEvidence({ node: node.name, source, atMs }, text, { value, threshold, unit: "ratio" }),
    ),
  };
}

/** What the kernel cannot take back, against the cgroup's limit. */
function readLimit({ node, thresholds, sinceMs }: NodeLook): Measured | undefined {
  const used = findPoint(node.state, { metric: "etcdscope_process_anonymous_memory_bytes" }, sinceMs);
  const limit = findPoint(node.state, { metric: "container_spec_memory_limit_bytes" }, sinceMs);
  if (used === undefined || limit === undefined || limit.value <= 0) {
    return undefined;
  }
  const ratio = used.value / limit.value;
  const [shown, most] = [formatBytes(used.value), formatBytes(limit.value)];
  return {
    isBad: ratio >= thresholds.memoryLimitRatio,
    source: "cgroup",
    text: { en: `etcd uses ${shown} of its limit of ${most}`, zh: `etcd 已用 ${shown}，上限 ${most}` },
    value: Number(ratio.toFixed(3)),
    threshold: thresholds.memoryLimitRatio,
    atMs: used.atMs,
  };
}

function readAvailable({ node, thresholds, sinceMs }: NodeLook): Measured | undefined {
  const available = findPoint(node.state, { metric: "node_memory_MemAvailable_bytes" }, sinceMs);
  const total = findPoint(node.state, { metric: "node_memory_MemTotal_bytes" }, sinceMs);
  if (available === undefined || total === undefined || total.value <= 0) {
    return undefined;
  }
  const ratio = available.value / total.value;
  const [left, all] = [formatBytes(available.value), formatBytes(total.value)];
  return {
    isBad: ratio < thresholds.memoryAvailableRatio,
    source: "/proc/meminfo",
    text: {
      en: `the machine has ${left} of ${all} of memory left`,
      zh: `本机内存剩余 ${left}，共 ${all}`,
    },
    value: Number(ratio.toFixed(3)),
    threshold: thresholds.memoryAvailableRatio,
    atMs: available.atMs,
  };
}

/** The cgroup's own pressure where it is counted, else the machine's. */
function readPressure({ node, thresholds, sinceMs }: NodeLook): Measured | undefined {
  for (const scope of ["cgroup", "machine"]) {
    const labels = { resource: "memory", scope };
    const grown = findIncrease(node.state, { metric: "etcdscope_pressure_seconds_total", labels }, sinceMs);
    if (grown !== undefined && grown.overMs >= LEAST_MS) {
      const ratio = (grown.value * 1000) / grown.overMs;
      const share = formatRatio(ratio);
      return {
        isBad: ratio >= thresholds.memoryPressureRatio,
        source: "pressure",
        text: { en: `tasks wait for memory ${share} of the time`, zh: `任务有 ${share} 的时间在等待内存` },
        value: Number(ratio.toFixed(3)),
        threshold: thresholds.memoryPressureRatio,
        atMs: grown.atMs,
      };
    }
  }
  return undefined;
}
