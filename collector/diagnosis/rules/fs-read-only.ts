/**
 * FS_READ_ONLY: nobody can write to etcd's filesystem, as the kernel has it with one that has errors: etcd's next write ends it. By
 * the mount's options, or by the kernel's own words where those go on to say "rw" (XFS, and ext4 of some kernels).
 */
import type { FilesystemFact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { Outcome } from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import type { Evidence } from "../../../shared/rest.ts";
import type { Text } from "../../../shared/text.ts";
import { findRun, listFacts, listPoints } from "../../view/node-reading.ts";
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import type { HeldEvent } from "../../view/node-state.ts";
import { createEvidence } from "../evidence.ts";
import { findMember } from "../judged-cluster.ts";
import { listDiskEvents, proveByKernel } from "../kernel-evidence.ts";
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
/** The kernel's log is read every ten seconds and its clock is not the wall's: a write as soon after its words may be from before. */
const WROTE_AFTER_MS = 15_000;
/** What the kernel says of one fault it says at once. */
const TOGETHER_MS = 10_000;
/** The fsync probe on a slow disk runs once a minute. */
const REFUSED_FOR_MS = 75_000;
const SIGNS = ["FS_READ_ONLY", "FS_SHUTDOWN", "FS_ERROR", "IO_ERROR"];
/** With these words nobody can write any more, until the file system is mounted anew. */
const ENDS = ["FS_READ_ONLY", "FS_SHUTDOWN"];

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
  const end = findEnd(look, known);
  const worst = bad[0] ?? end?.fact;
  if (worst === undefined) {
    const because = { en: `${first.mountPoint} is mounted for writing`, zh: `${first.mountPoint} 可写` };
    return { kind: "ok", subject, because };
  }
  const refusal = findRefusal(look);
  const isShutDown = bad[0] === undefined ? end?.isShutDown === true : bad[0].readOnlyOption === "shutdown";
  return {
    kind: "bad",
    subject,
    severity: "critical",
    ...describe(node.name, worst, isShutDown ? "shut down" : bad[0] === undefined ? "said" : "shown"),
    evidence: [
      ...bad.map(({ path, mountPoint, type, readOnlyOption }) =>
        createEvidence(
          { node: node.name, source: "mountinfo", atMs: node.state.atMs },
          {
            en: `${path} on ${mountPoint} (${type}): ${readOnlyOption || "ro"}`,
            zh: `${path} 位于 ${mountPoint}（${type}）：${readOnlyOption || "只读"}`,
          },
        ),
      ),
      ...refusal,
      ...proveByKernel(node, listDiskEvents(node, SIGNS, cluster.nowMs - HOUR_MS)),
    ],
    ...(bad[0] === undefined && refusal.length === 0 ? { confidence: "likely" as const } : {}),
    ...(bad[0] === undefined && end !== undefined ? { sinceMs: end.atMs } : {}),
  };
}

/** By the mount's options, by the kernel's words alone, or with these that not even reading is possible. */
type How = "shown" | "said" | "shut down";

function describe(
  name: string,
  { mountPoint, device }: FilesystemFact,
  how: How,
): { readonly title: Text; readonly detail: Text } {
  const on = device === "" ? "" : ` (${device})`;
  switch (how) {
    case "shown":
      return {
        title: {
          en: `etcd's filesystem on ${name} is read-only: ${mountPoint}${on}`,
          zh: `${name} 上 etcd 的文件系统为只读：${mountPoint}${on}`,
        },
        detail: {
          en: "The kernel remounts a filesystem with errors so: read dmesg before anything else, and do not remount it for writing before it was checked. If the disk is broken, replace the member",
          zh: "内核会把出错的文件系统改为只读：请先查看 dmesg，检查之前不要重新以可写方式挂载。磁盘损坏则应更换该成员",
        },
      };
    case "said":
      return {
        title: {
          en: `The kernel has made etcd's filesystem on ${name} read-only: ${mountPoint}${on}`,
          zh: `内核已将 ${name} 上 etcd 的文件系统改为只读：${mountPoint}${on}`,
        },
        detail: {
          en: "It found an error in it and says so in its log; some kernels go on to show the mount as rw. Every write fails until it is unmounted, checked and mounted again, and etcd ends at its next one. Look at the disk first",
          zh: "内核发现其中有错误并写入了日志；有些内核的挂载选项仍显示 rw。在卸载、检查并重新挂载之前所有写入都会失败，etcd 会在下一次写入时退出。请先检查磁盘",
        },
      };
    case "shut down":
      return {
        title: {
          en: `The kernel has shut down etcd's filesystem on ${name}: ${mountPoint}${on}`,
          zh: `内核已关闭 ${name} 上 etcd 的文件系统：${mountPoint}${on}`,
        },
        detail: {
          en: "It found an error that it cannot go on with: every access fails until it is unmounted, checked and mounted again. Look at the disk first",
          zh: "内核遇到无法继续的错误：在卸载、检查并重新挂载之前所有访问都会失败。请先检查磁盘",
        },
      };
  }
}

interface End {
  readonly fact: FilesystemFact;
  readonly isShutDown: boolean;
  readonly atMs: number;
}

/** That the kernel has ended writing to a file system of etcd's, in the last hour, and that nothing was written there since. */
function findEnd(look: NodeLook, known: readonly FilesystemFact[]): End | undefined {
  const { node, cluster } = look;
  const wal = known.find(({ role }) => role === "wal") ?? known[0];
  const ends = listDiskEvents(node, ENDS, Math.max(cluster.nowMs - HOUR_MS, findBackAt(look)));
  const mounts = listDiskEvents(node, ["FS_MOUNTED"], cluster.nowMs - HOUR_MS);
  const last = ends.findLast(({ atMs, event }) => {
    const device = deviceOf(event);
    const isOurs =
      known.some((one) => one.device !== "" && one.device === device) &&
      !mounts.some((mount) => mount.atMs >= atMs && deviceOf(mount.event) === device);
    return isOurs && !(device === wal?.device && hasWritten(look, atMs + WROTE_AFTER_MS));
  });
  const fact = known.find(({ device }) => last !== undefined && device === deviceOf(last.event));
  if (last === undefined || fact === undefined) {
    return undefined;
  }
  // ext4 says both when it makes itself read-only, and the second alone when all is over.
  const isReadable = ends.some(
    ({ atMs, event }) =>
      deviceOf(event) === fact.device &&
      event.attributes["code"] === "FS_READ_ONLY" &&
      Math.abs(last.atMs - atMs) < TOGETHER_MS,
  );
  return { fact, isShutDown: !isReadable, atMs: last.atMs };
}

function deviceOf(event: HeldEvent["event"]): string {
  return event.attributes["device"] ?? "";
}

/** Since when etcd runs that has answered since it started: it had its file system back then. 0: not known. */
function findBackAt({ node, cluster }: NodeLook): number {
  const member = node.member === undefined ? undefined : findMember(cluster, node.member);
  const startedAtMs = member?.view.process?.startedAtMs ?? 0;
  const servedAtMs = findRun(node.state, "status", node.member ?? "")?.lastOkAtMs ?? 0;
  return servedAtMs > startedAtMs ? startedAtMs : 0;
}

/**
 * The fsync probe wrote beside the WAL since, or etcd wrote entries to the WAL: it counts a commit before it writes, and ends if it
 * cannot; so at the second commit the first is written. That it answers proves nothing: it does so from memory.
 */
function hasWritten({ node }: NodeLook, sinceMs: number): boolean {
  const probedAtMs = findRun(node.state, "fsync", "")?.lastOkAtMs ?? 0;
  const labels = { member: node.member ?? "" };
  const indexes = listPoints(node.state, { metric: "etcd_status_raft_index", labels }, sinceMs);
  const commits = new Set(indexes.map(({ value }) => value)).size - 1;
  return probedAtMs >= sinceMs || commits >= 2;
}

/** The agent's own probe was refused; its unit's doing has another reason. It confirms what others say, and accuses nobody alone. */
function findRefusal({ node, cluster }: NodeLook): readonly Evidence[] {
  const run = findRun(node.state, "fsync", "");
  const isRefused =
    run?.outcome === Outcome.FAILED &&
    run.errorCode === "read_only" &&
    cluster.nowMs - run.endedAtMs < REFUSED_FOR_MS;
  if (!isRefused) {
    return [];
  }
  const text = { en: "the agent may not write there either: read-only", zh: "代理在该处写入也被拒绝：只读" };
  return [createEvidence({ node: node.name, source: "fsync probe", atMs: run.endedAtMs }, text)];
}
