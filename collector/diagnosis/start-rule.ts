/**
 * Rules about an etcd that does not start: by what its log said at the last attempt, and by what stands in its way as seen from
 * outside. Either alone is enough; the log counts more, since etcd knows best.
 */
import type { StartFact, StartPath } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Evidence } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import { findFact, findRun } from "../view/node-reading.ts";
import { eachMember } from "./each-node.ts";
import type { MemberLook } from "./each-node.ts";
import { createEvidence } from "./evidence.ts";
import { severityOfLoss } from "./judged-cluster.ts";
import { findLastRunAtMs } from "./last-run.ts";
import { findUnreadLog, listLastWords, listSayings, proveBySaying } from "./log-evidence.ts";
import type { Saying } from "./log-evidence.ts";
import { isUp } from "./member-state.ts";
import type { Rule, RuleOutcome } from "./rule.ts";
import { memberSubject, RESPOND_WITHIN } from "./rule.ts";

export interface StartRule {
  readonly code: string;
  readonly runbook: string;
  /** Codes of the log catalogue that say so. */
  readonly says: readonly string[];
  /** Only when the last attempt said nothing that any other knows. */
  readonly isFallback?: true;
  /** Behind "m3 does not start: " */
  readonly what: Text;
  readonly detail: Text;
  /** What stands in its way; empty: nothing that can be seen. Absent: only etcd itself can tell. */
  readonly findObstacles?: (start: StartFact, look: MemberLook) => readonly Text[];
}

/** What one attempt says, it says within this time; kubelet and systemd try again later than that. */
const ATTEMPT_MS = 15_000;
/** A process and what it says first, by clocks that are not read at once. */
const SAME_START_MS = 1000;
/** An etcd that is just starting holds its own ports before it is discovered. */
export const OBSTACLE_HOLDS_MS = 3000;
/** By an attempt that ends so, what an earlier one said is over. */
const OTHER_ENDS = [
  "DISK_FULL",
  "FS_READ_ONLY",
  "DISK_IO_ERROR",
  "MEMBER_REMOVED",
  "DATA_CORRUPT",
  "CERT_KEY_MISMATCH",
];

const SPECIFIC = new Set([
  ...OTHER_ENDS,
  "START_DATA_DIR_PERMISSION",
  "START_WAL_CORRUPT",
  "WAL_CRC_MISMATCH",
  "START_SNAP_CORRUPT",
  "RAFT_LOG_LOST",
  "START_DB_CORRUPT",
  "SNAP_DB_MISSING",
  "START_CONFIG_INVALID",
  "START_BIND_ADDRESS",
  "START_PORT_IN_USE",
  "START_DATA_DIR_LOCKED",
  "START_CERT_UNREADABLE",
  "START_ALREADY_BOOTSTRAPPED",
]);
const FALLBACK = new Set([
  "START_FAILED",
  "ETCD_PANIC",
  "DOWNGRADE_BLOCKED",
  "TOO_MANY_LEARNERS",
  "MEMBERSHIP_MISMATCH",
  "START_CLUSTER_UNREACHABLE",
]);

export function createStartRule(about: StartRule): Rule {
  return {
    code: about.code,
    layer: "process",
    isFault: true,
    respondWithin: RESPOND_WITHIN,
    runbook: about.runbook,
    holdMs: 0,
    quietMs: 2000,
    evaluate: eachMember((look) => evaluateMember(about, look)),
  };
}

function evaluateMember(about: StartRule, look: MemberLook): RuleOutcome {
  const { member, node, thresholds } = look;
  const subject = memberSubject(member.name);
  if (isUp(member.state)) {
    return { kind: "ok", subject };
  }
  const lastOkAtMs = findRun(node.state, "status", member.name)?.lastOkAtMs ?? 0;
  // A run is told with the frame after it, which is up to a tick later: an attempt that failed meanwhile came after the last answer.
  const sinceMs = Math.max(lastOkAtMs - thresholds.fastTickMs, (findLastRunAtMs(look) ?? 0) - SAME_START_MS);
  const sayings = listAttempt(about, look, sinceMs);
  const obstacles = listObstacles(about, look);
  if (sayings.length > 0 || obstacles.length > 0) {
    return describe(about, look, { sayings, obstacles });
  }
  const startedAtMs = member.view.process?.startedAtMs ?? 0;
  const hasProcess = (member.view.process?.fact.pid ?? 0) !== 0;
  if (hasProcess && lastOkAtMs > startedAtMs) {
    return { kind: "ok", subject };
  }
  const unread = findUnreadLog(node);
  if (unread !== undefined) {
    return { kind: "unknown", subject, reason: unread };
  }
  if (hasProcess) {
    const reason = { en: "it has not started yet", zh: "尚未完成启动" };
    return { kind: "unknown", subject, reason, isBeyondOneLook: true };
  }
  return { kind: "ok", subject };
}

/** What the last attempt to start said about this, since the member last answered. */
function listAttempt(about: StartRule, { node }: MemberLook, sinceMs: number): readonly Saying[] {
  const all = [...listSayings(node.state, undefined, sinceMs), ...listLastWords(node.state, sinceMs)]
    .filter(({ code }) => SPECIFIC.has(code) || FALLBACK.has(code))
    .sort((one, other) => one.atMs - other.atMs);
  const lastAtMs = Math.max(...all.map(({ atMs }) => atMs));
  const attempt = all.filter(({ atMs }) => atMs >= lastAtMs - ATTEMPT_MS);
  const isKnown = attempt.some(({ code }) => SPECIFIC.has(code));
  return about.isFallback === true && isKnown ? [] : attempt.filter(({ code }) => about.says.includes(code));
}

function listObstacles(about: StartRule, look: MemberLook): readonly Evidence[] {
  const { node, cluster } = look;
  const held = findFact(node.state, "start", "start");
  if (held === undefined || about.findObstacles === undefined) {
    return [];
  }
  const isSettled = cluster.nowMs - held.sinceMs >= OBSTACLE_HOLDS_MS;
  return isSettled
    ? about
        .findObstacles(held.body, look)
        .map((text) =>
          createEvidence({ node: node.name, source: held.body.source, atMs: held.sinceMs }, text),
        )
    : [];
}

function describe(
  about: StartRule,
  { cluster, member, node }: MemberLook,
  { sayings, obstacles }: { readonly sayings: readonly Saying[]; readonly obstacles: readonly Evidence[] },
): RuleOutcome {
  const { what, detail } = about;
  const evidence = [...sayings.map((saying) => proveBySaying(node, saying)), ...obstacles];
  const proof = obstacles[0]?.text ?? evidence[0]?.text ?? what;
  return {
    kind: "bad",
    subject: memberSubject(member.name),
    severity: severityOfLoss(cluster, member),
    title: { en: `${member.name} does not start: ${what.en}`, zh: `${member.name} 无法启动：${what.zh}` },
    detail: { en: `${proof.en}. ${detail.en}`, zh: `${proof.zh}。${detail.zh}` },
    evidence,
    confidence: sayings.length > 0 ? "certain" : "likely",
    sinceMs: Math.min(...sayings.map(({ atMs }) => atMs), member.sinceMs ?? cluster.nowMs),
  };
}

/** Paths of a fact that stand in the way so, in words. */
export function sayPaths(start: StartFact, roles: RegExp, problems: readonly string[]): readonly Text[] {
  return start.paths
    .filter(({ role, problem }) => roles.test(role) && problems.includes(problem))
    .map((path) => sayPath(start, path));
}

function sayPath({ uid }: StartFact, path: StartPath): Text {
  const above =
    path.at === path.path ? { en: "", zh: "" } : { en: ` (by ${path.at})`, zh: `（因 ${path.at}）` };
  switch (path.problem) {
    case "missing":
      return { en: `${path.path} does not exist`, zh: `${path.path} 不存在` };
    case "not_file":
      return { en: `${path.path} is not a file`, zh: `${path.path} 不是文件` };
    case "damaged":
      return {
        en: `${path.path} is not a database any more: both of its meta pages are damaged`,
        zh: `${path.path} 已不是有效的数据库：两个元数据页均损坏`,
      };
    default: {
      const mode = path.mode.toString(8).padStart(4, "0");
      return {
        en: `${path.path} belongs to ${path.uid}:${path.gid} with mode ${mode}${above.en}, etcd runs as ${uid}`,
        zh: `${path.path} 属于 ${path.uid}:${path.gid}，权限 ${mode}${above.zh}，而 etcd 以 ${uid} 运行`,
      };
    }
  }
}
