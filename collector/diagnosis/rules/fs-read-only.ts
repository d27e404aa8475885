/** FS_READ_ONLY: etcd's filesystem is mounted read-only, as the kernel does to one with errors: its next write ends etcd. */
import { findRun, listFacts } from "../../view/node-reading.ts";
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import type { HeldEvent } from "../../view/node-state.ts";
import { createEvidence } from "../evidence.ts";
import { findMember } from "../judged-cluster.ts";
import { listDiskEvents, proveByKernel } from "../kernel-evidence.ts";
import { isUp } from "../member-state.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

export const fsReadOnly: Rule = {
  code: "FS_READ_ONLY",
  layer: "storage",
  isFault: true,
  respondWithin: { ...RESPOND_WITHIN, critical: "0s" },
  runbook: "fs-read-only",
  holdMs: 0,
  quietMs: 5000,
  evaluate: eachNode(evaluateNode),
};

const HOUR_MS = 3_600_000;
/** Status answers for a while from memory when the disk is gone. */
const SERVED_ON_MS = 30_000;
const SIGNS = ["FS_READ_ONLY", "FS_SHUTDOWN", "FS_ERROR", "IO_ERROR"];

function evaluateNode(look: NodeLook): RuleOutcome {
  const { node, cluster } = look;
  const subject = nodeSubject(node.name);
  const known = listFacts(node.state, "filesystem").filter(({ mountPoint }) => mountPoint !== "");
  const first = known[0];
  if (first === undefined) {
    const reason = {
      en: `where etcd's directories on ${node.name} are mounted is not known`,
      zh: `不知道 ${node.name} 上 etcd 目录的挂载位置`,
    };
    return { kind: "unknown", subject, reason };
  }
  const bad = known.filter(({ readOnly }) => readOnly);
  const worst = bad[0];
  const kernel = proveByKernel(node, listDiskEvents(node, SIGNS, cluster.nowMs - HOUR_MS));
  if (worst === undefined) {
    const shutDown = findShutDown(look);
    if (shutDown !== undefined) {
      return describeShutDown(look, first.mountPoint, shutDown.atMs);
    }
    const because = { en: `${first.mountPoint} is mounted for writing`, zh: `${first.mountPoint} 可写` };
    return { kind: "ok", subject, because };
  }
  const device = worst.device === "" ? "" : ` (${worst.device})`;
  return {
    kind: "bad",
    subject,
    severity: "critical",
    title: {
      en: `etcd's filesystem on ${node.name} is read-only: ${worst.mountPoint}${device}`,
      zh: `${node.name} 上 etcd 的文件系统为只读：${worst.mountPoint}${device}`,
    },
    detail: {
      en: "The kernel remounts a filesystem with errors so: read dmesg before anything else, and do not remount it for writing before it was checked. If the disk is broken, replace the member",
      zh: "内核会把出错的文件系统改为只读：请先查看 dmesg，检查之前不要重新以可写方式挂载。磁盘损坏则应更换该成员",
    },
    evidence: [
      ...bad.map(({ path, mountPoint, type }) =>
        createEvidence(
          { node: node.name, source: "mountinfo", atMs: node.state.atMs },
          { en: `${path} on ${mountPoint} (${type}): ro`, zh: `${path} 位于 ${mountPoint}（${type}）：只读` },
        ),
      ),
      ...kernel,
    ],
  };
}

/** A file system that the kernel has shut down still looks mounted for writing. While etcd serves it has been repaired. */
function findShutDown({ node, cluster }: NodeLook): HeldEvent | undefined {
  const member = node.member === undefined ? undefined : findMember(cluster, node.member);
  const servedAtMs = findRun(node.state, "status", node.member ?? "")?.lastOkAtMs ?? 0;
  const startedAtMs = member?.view.process?.startedAtMs ?? 0;
  // One that was started since, and has served, had it back.
  const backAtMs = servedAtMs > startedAtMs ? startedAtMs : 0;
  const sinceMs = Math.max(cluster.nowMs - HOUR_MS, servedAtMs - SERVED_ON_MS, backAtMs);
  return member === undefined || isUp(member.state)
    ? undefined
    : listDiskEvents(node, ["FS_SHUTDOWN"], sinceMs).findLast(
        ({ event }) => event.attributes["device"] !== undefined,
      );
}

function describeShutDown({ node, cluster }: NodeLook, mountPoint: string, atMs: number): RuleOutcome {
  return {
    kind: "bad",
    subject: nodeSubject(node.name),
    severity: "critical",
    title: {
      en: `The kernel has shut down etcd's filesystem on ${node.name}: ${mountPoint}`,
      zh: `内核已关闭 ${node.name} 上 etcd 的文件系统：${mountPoint}`,
    },
    detail: {
      en: "It found an error that it cannot go on with: every access fails until it is unmounted, checked and mounted again. Look at the disk first",
      zh: "内核遇到无法继续的错误：在卸载、检查并重新挂载之前所有访问都会失败。请先检查磁盘",
    },
    evidence: proveByKernel(node, listDiskEvents(node, SIGNS, cluster.nowMs - HOUR_MS)),
    confidence: "likely",
    sinceMs: atMs,
  };
}
