/** DISK_STALLED: the disk does not finish a write for seconds. Status goes on answering meanwhile, so nothing else may show it. */
import type { Evidence } from "../../../shared/rest.ts";
import { Outcome } from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import { findFact, findRun, listPoints } from "../../view/node-reading.ts";
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { formatDuration } from "../format.ts";
import { listDiskEvents, proveByKernel } from "../kernel-evidence.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

/** Two intervals of the disk probe. */
const LEAST_MS = 15_000;
/** The fsync probe on a slow disk runs once a minute, and takes its time limit: what it said last holds for so long. */
const FSYNC_HOLDS_MS = 75_000;

/** What the kernel says of it: a hung task is told after two minutes by default. */
const SIGNS = ["HUNG_TASK", "IO_ERROR", "DISK_RESET"];
const SAID_WITHIN_MS = 300_000;

export const diskStalled: Rule = {
  code: "DISK_STALLED",
  layer: "storage",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "disk-stalled",
  // The probe's time limit, or the two intervals, are the hold.
  holdMs: 0,
  quietMs: 5000,
  evaluate: eachNode(evaluateNode),
};

function evaluateNode(look: NodeLook): RuleOutcome {
  const { node } = look;
  const subject = nodeSubject(node.name);
  const fsync = readFsync(look);
  const device = readDevice(look);
  const evidence = [fsync, device].filter((one) => typeof one === "object");
  const first = evidence[0];
  if (first === undefined) {
    if (fsync === "moves" || device === "moves") {
      const because = { en: "writes to the disk come back", zh: "磁盘写入能够返回" };
      return { kind: "ok", subject, because };
    }
    const why = findRun(node.state, "fsync", "")?.errorText ?? "";
    const reason = {
      en: `neither the fsync probe nor the device's counters on ${node.name} tell whether writes come back${why === "" ? "" : ` (${why})`}`,
      zh: `${node.name} 上的 fsync 探测和设备计数器都不能说明写入是否返回${why === "" ? "" : `（${why}）`}`,
    };
    return { kind: "unknown", subject, reason };
  }
  return {
    kind: "bad",
    subject,
    severity: "critical",
    title: {
      en: `The disk of etcd on ${node.name} hangs: ${first.text.en}`,
      zh: `${node.name} 上 etcd 的磁盘挂起：${first.text.zh}`,
    },
    detail: {
      en: "Nothing that etcd writes is kept while it hangs, though its Status may still answer and it may still say that it leads. Look at dmesg and the storage behind the device; if this member leads, the others elect a new leader by themselves",
      zh: "磁盘挂起期间 etcd 的写入无法落盘，但其 Status 可能仍有应答，也可能仍自称 leader。请查看 dmesg 和设备背后的存储；若它是 leader，其他成员会自行选出新 leader",
    },
    evidence: [
      ...evidence,
      ...proveByKernel(node, listDiskEvents(node, SIGNS, look.cluster.nowMs - SAID_WITHIN_MS)),
    ],
    // One without the other: the agent's own thread may have been starved.
    confidence: evidence.length > 1 || typeof device === "object" ? "certain" : "likely",
  };
}

type Said = Evidence | "moves" | "unsaid";

function readFsync({ node, cluster }: NodeLook): Said {
  const run = findRun(node.state, "fsync", "");
  if (run === undefined || cluster.nowMs - run.endedAtMs > FSYNC_HOLDS_MS) {
    return "unsaid";
  }
  if (run.outcome !== Outcome.TIMED_OUT) {
    return run.outcome === Outcome.OK ? "moves" : "unsaid";
  }
  const forMs = run.endedAtMs - (run.failingSinceMs ?? run.endedAtMs) + run.durationMs;
  const shown = formatDuration(forMs);
  const text = {
    en: `a probe's fdatasync has not come back for ${shown.en}`,
    zh: `探测的 fdatasync 已有 ${shown.zh} 未返回`,
  };
  return createEvidence({ node: node.name, source: "fsync probe", atMs: run.endedAtMs }, text);
}

/** Requests in flight at every look, and not one that came back in between. */
function readDevice({ node, sinceMs }: NodeLook): Said {
  const fact =
    findFact(node.state, "filesystem/wal", "filesystem") ??
    findFact(node.state, "filesystem/data", "filesystem");
  const device = fact?.body.device ?? "";
  const labels = { device };
  const inFlight = listPoints(node.state, { metric: "node_disk_io_now", labels }, sinceMs).slice(-3);
  const writes = listPoints(
    node.state,
    { metric: "node_disk_writes_completed_total", labels },
    sinceMs,
  ).slice(-3);
  const [first, last] = [writes[0], writes.at(-1)];
  if (device === "" || first === undefined || last === undefined || last.atMs - first.atMs < LEAST_MS) {
    return "unsaid";
  }
  if (
    last.value > first.value ||
    inFlight.length < writes.length ||
    inFlight.some(({ value }) => value < 1)
  ) {
    return "moves";
  }
  const shown = formatDuration(last.atMs - first.atMs);
  const text = {
    en: `${device} has finished no write for ${shown.en}, with requests in flight`,
    zh: `${device} 已有 ${shown.zh} 没有完成写入，且有请求在途`,
  };
  return createEvidence({ node: node.name, source: "diskstats", atMs: last.atMs }, text);
}
