/** DISK_CONTENDED: while the WAL's device is busy, most of what it writes is not etcd's; told with who writes. */
import type { DiskWritersFact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { Outcome } from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import { findFact, findRun } from "../../view/node-reading.ts";
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { formatBytes, formatRatio } from "../format.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

export const diskContended: Rule = {
  code: "DISK_CONTENDED",
  layer: "storage",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "disk-contended",
  holdMs: 0,
  quietMs: 30_000,
  evaluate: eachNode(evaluateNode),
};

function evaluateNode({ node, thresholds, sinceMs }: NodeLook): RuleOutcome {
  const subject = nodeSubject(node.name);
  const fact = findFact(node.state, "disk_writers", "diskWriters")?.body;
  if (fact === undefined) {
    const run = findRun(node.state, "disk", "");
    if (run?.outcome === Outcome.OK && run.endedAtMs >= sinceMs) {
      const because = { en: "the WAL's device is not busy", zh: "WAL 所在设备不忙" };
      return { kind: "ok", subject, because };
    }
    const why = run === undefined ? "" : `: ${run.errorText || run.errorCode}`;
    const reason = {
      en: `how busy the WAL's device on ${node.name} is, is not known${why}`,
      zh: `不知道 ${node.name} 上 WAL 所在设备的繁忙程度${why}`,
    };
    return { kind: "unknown", subject, reason };
  }
  const total = Number(fact.deviceBytesPerSecond);
  // Processes are counted by what they write to any device, so no more is held against them than this one wrote.
  const others = fact.writers.reduce((sum, { bytesPerSecond }) => sum + Number(bytesPerSecond), 0);
  const foreign = Math.min(others, Math.max(0, total - Number(fact.etcdBytesPerSecond)));
  const share = total > 0 ? foreign / total : 0;
  if (foreign < thresholds.diskForeignBytes || share < thresholds.diskForeignRatio) {
    const because = {
      en: `${fact.device} writes ${formatBytes(total)}/s, ${formatRatio(share)} of it not etcd's`,
      zh: `${fact.device} 写入 ${formatBytes(total)}/s，其中 ${formatRatio(share)} 不是 etcd 的`,
    };
    return { kind: "ok", subject, because };
  }
  return describe(fact, {
    node: node.name,
    atMs: node.state.atMs,
    total,
    share,
    limit: thresholds.diskForeignRatio,
  });
}

interface Contention {
  readonly node: string;
  readonly atMs: number;
  readonly total: number;
  readonly share: number;
  readonly limit: number;
}

function describe(fact: DiskWritersFact, { node, atMs, total, share, limit }: Contention): RuleOutcome {
  const first = fact.writers[0];
  const who = first === undefined ? "?" : `${first.name} (pid ${first.pid})`;
  const rate = formatBytes(Number(first?.bytesPerSecond ?? 0n));
  return {
    kind: "bad",
    subject: nodeSubject(node),
    severity: "warning",
    title: {
      en: `Others write to etcd's disk on ${node}: ${who} ${rate}/s`,
      zh: `${node} 上有其他进程写 etcd 的磁盘：${who} ${rate}/s`,
    },
    detail: {
      en: `${fact.device} is busy with ${formatBytes(total)}/s, ${formatRatio(share)} of it not etcd's. Stop or slow the writer (ionice, io.max), or give etcd's WAL a disk of its own`,
      zh: `${fact.device} 正在写入 ${formatBytes(total)}/s，其中 ${formatRatio(share)} 不是 etcd 的。请停止或限制该进程（ionice、io.max），或给 etcd 的 WAL 独立磁盘`,
    },
    evidence: [
      ...fact.writers.map(({ pid, name, bytesPerSecond }) => {
        const shown = formatBytes(Number(bytesPerSecond));
        return createEvidence(
          { node, source: "/proc/PID/io", atMs },
          { en: `${name} (pid ${pid}) writes ${shown}/s`, zh: `${name}（pid ${pid}）写入 ${shown}/s` },
        );
      }),
      createEvidence(
        { node, source: "diskstats", atMs },
        {
          en: `${fact.device} writes ${formatBytes(total)}/s, etcd ${formatBytes(Number(fact.etcdBytesPerSecond))}/s`,
          zh: `${fact.device} 写入 ${formatBytes(total)}/s，etcd ${formatBytes(Number(fact.etcdBytesPerSecond))}/s`,
        },
        { value: Number(share.toFixed(3)), threshold: limit, unit: "ratio" },
      ),
    ],
  };
}
