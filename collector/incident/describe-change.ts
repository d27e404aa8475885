/** Two bodies of one fact → what changed, in words. Facts that move all the time (links) tell only what is up or down. */
import type {
  AlarmsFact,
  CertificateFact,
  Fact,
  FilesystemFact,
  FlagsFact,
  LinkFact,
  MemberListFact,
  NodeFact,
  ProcessFact,
  StatusFact,
} from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { Layer, Port, ProcessState } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { formatId } from "../../shared/member-id.ts";
import type { Told } from "./note-frame.ts";

/**
 * The bodies of which a change is told whenever it becomes known, as their facts' keys begin. Links are left out: they come and go by
 * themselves, and are told by who sees it happen.
 */
export const TOLD_KINDS: readonly string[] = [
  "flags",
  "certificate",
  "status",
  "member_list",
  "process",
  "node",
  "alarms",
  "filesystem",
];

const MAX_FLAGS = 12;
const MAX_LENGTH = 200;

export function describeChange(was: Fact, is: Fact): readonly Told[] {
  const [before, after] = [was.body, is.body];
  switch (after.case) {
    case "flags":
      return before.case === "flags" ? tellFlags(before.value, after.value) : [];
    case "certificate":
      return before.case === "certificate" ? tellCertificate(before.value, after.value) : [];
    case "status":
      return before.case === "status" ? tellStatus(before.value, after.value) : [];
    case "memberList":
      return before.case === "memberList" ? tellMembers(before.value, after.value) : [];
    case "process":
      return before.case === "process" ? tellProcess(before.value, after.value) : [];
    case "node":
      return before.case === "node" ? tellNode(before.value, after.value) : [];
    case "alarms":
      return before.case === "alarms" ? tellAlarms(before.value, after.value) : [];
    case "filesystem":
      return before.case === "filesystem" ? tellFilesystem(before.value, after.value) : [];
    case "link":
      return before.case === "link" ? tellLink(before.value, after.value) : [];
    // A fact of a newer agent: kept, not told.
    default:
      return [];
  }
}

function tell(
  code: string,
  subject: string,
  words: { readonly en: string; readonly zh: string; readonly from?: string; readonly to?: string },
): Told {
  const { en, zh, from = "", to = "" } = words;
  return { code, subject, text: { en, zh }, attributes: { from: cut(from), to: cut(to) } };
}

function cut(text: string): string {
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text;
}

function tellFlags(before: FlagsFact, after: FlagsFact): readonly Told[] {
  // A file says only what it gives, a process also what is in force by default.
  const isAlike = (before.configuredBy === "") === (after.configuredBy === "");
  const namesOf = ({ flags, given }: FlagsFact): readonly string[] => (isAlike ? Object.keys(flags) : given);
  const names = [...new Set([...namesOf(before), ...namesOf(after)])].sort();
  return (
    names
      .filter((name) => before.flags[name] !== after.flags[name])
      // A default that was not known, or is no flag of the other version, has not changed.
      .filter(
        (name) =>
          (isSet(before, name) && isSet(after, name)) || isGiven(before, name) || isGiven(after, name),
      )
      .slice(0, MAX_FLAGS)
      .map((name) => {
        const [from, to] = [cut(before.flags[name] ?? ""), cut(after.flags[name] ?? "")];
        return tell("flags_changed", name, {
          en: `--${name}: ${from || "(not set)"} → ${to || "(not set)"}`,
          zh: `--${name}：${from || "（未设置）"} → ${to || "（未设置）"}`,
          from,
          to,
        });
      })
  );
}

function isSet({ flags }: FlagsFact, name: string): boolean {
  return flags[name] !== undefined;
}

function isGiven({ given }: FlagsFact, name: string): boolean {
  return given.includes(name);
}

function tellCertificate(before: CertificateFact, after: CertificateFact): readonly Told[] {
  if (after.problem !== before.problem && after.problem !== "") {
    const problem = cut(after.problem);
    return [
      tell("certificate_unreadable", after.role, {
        en: `${after.role} certificate ${after.path} can no longer be read: ${problem}`,
        zh: `${after.role} 证书 ${after.path} 无法再读取：${problem}`,
        to: problem,
      }),
    ];
  }
  if (after.fingerprintSha256 === before.fingerprintSha256) {
    return [];
  }
  const [from, to] = [day(before.notAfterUnixMs), day(after.notAfterUnixMs)];
  return [
    tell("certificate_changed", after.role, {
      en: `${after.role} certificate ${after.path} replaced: valid until ${to}, was ${from}`,
      zh: `${after.role} 证书 ${after.path} 已更换：有效期至 ${to}，原为 ${from}`,
      from,
      to,
    }),
  ];
}

/** A date that JavaScript has; a certificate may say anything. */
const LAST_DAY_MS = 253_402_300_799_000n;

function day(unixMs: bigint): string {
  return unixMs <= 0n || unixMs > LAST_DAY_MS
    ? "?"
    : new Date(Number(unixMs)).toISOString().slice(0, 16).replace("T", " ");
}

/** Leaders come as events; of other members' answers the versions are told by their own nodes. */
function tellStatus(before: StatusFact, after: StatusFact): readonly Told[] {
  return after.own && before.version !== after.version
    ? [
        tellPair("version_changed", "etcd", {
          from: before.version,
          to: after.version,
          en: "etcd version",
          zh: "etcd 版本",
        }),
      ]
    : [];
}

function tellPair(
  code: string,
  subject: string,
  what: { readonly en: string; readonly zh: string; readonly from: string; readonly to: string },
): Told {
  const { from, to } = what;
  return tell(code, subject, {
    en: `${what.en}: ${cut(from)} → ${cut(to)}`,
    zh: `${what.zh}：${cut(from)} → ${cut(to)}`,
    from,
    to,
  });
}

function tellMembers(before: MemberListFact, after: MemberListFact): readonly Told[] {
  const old = new Map(before.members.map((member) => [member.id, member]));
  const now = new Map(after.members.map((member) => [member.id, member]));
  const nameOf = (member: { readonly id: bigint; readonly name: string }): string =>
    member.name || formatId(member.id);
  const gone = before.members.filter(({ id }) => !now.has(id));
  const come = after.members.filter(({ id }) => !old.has(id));
  const other = after.members.flatMap((member): readonly Told[] => {
    const was = old.get(member.id);
    if (was === undefined) {
      return [];
    }
    const name = nameOf(member);
    if (was.isLearner && !member.isLearner) {
      return [
        tell("member_promoted", name, {
          en: `learner ${name} became a voter`,
          zh: `learner ${name} 已成为投票成员`,
        }),
      ];
    }
    return was.peerUrls.join() === member.peerUrls.join()
      ? []
      : [
          tellPair("member_moved", name, {
            from: was.peerUrls.join(),
            to: member.peerUrls.join(),
            en: `peer URLs of ${name}`,
            zh: `${name} 的 peer URL`,
          }),
        ];
  });
  return [
    ...gone.map((member) =>
      tell("member_removed", nameOf(member), {
        en: `member ${nameOf(member)} was removed`,
        zh: `成员 ${nameOf(member)} 被移除`,
      }),
    ),
    ...come.map((member) =>
      tell("member_added", nameOf(member), {
        en: `${member.isLearner ? "learner" : "member"} ${nameOf(member)} was added`,
        zh: `${member.isLearner ? "learner" : "成员"} ${nameOf(member)} 被加入`,
      }),
    ),
    ...other,
  ];
}

function tellProcess(before: ProcessFact, after: ProcessFact): readonly Told[] {
  const isSame = before.pid === after.pid;
  if (isSame && after.state === ProcessState.STOPPED) {
    return [tell("process_stopped", "etcd", { en: "etcd was stopped by a signal", zh: "etcd 被信号暂停" })];
  }
  if (isSame && before.state === ProcessState.STOPPED && after.state === ProcessState.RUNNING) {
    return [tell("process_continued", "etcd", { en: "etcd goes on", zh: "etcd 恢复运行" })];
  }
  const isRestart = !isSame && after.pid !== 0 && after.startedAtUnixMs > before.startedAtUnixMs;
  return isRestart
    ? [
        tellPair("process_restarted", "etcd", {
          from: `pid ${before.pid}`,
          to: `pid ${after.pid}`,
          en: "etcd restarted",
          zh: "etcd 重启",
        }),
      ]
    : [];
}

function tellNode(before: NodeFact, after: NodeFact): readonly Told[] {
  const rows: readonly (readonly [string, string, string, { readonly en: string; readonly zh: string }])[] = [
    ["rebooted", before.bootId, after.bootId, { en: "machine rebooted: boot", zh: "机器重启：启动标识" }],
    ["kernel_changed", before.kernel, after.kernel, { en: "kernel", zh: "内核" }],
    ["agent_changed", before.agentVersion, after.agentVersion, { en: "agent version", zh: "代理版本" }],
    ["cpus_changed", String(before.cpus), String(after.cpus), { en: "CPUs", zh: "CPU 数" }],
    [
      "memory_changed",
      String(before.memoryBytes),
      String(after.memoryBytes),
      { en: "memory bytes", zh: "内存字节" },
    ],
  ];
  return rows
    .filter(([, from, to]) => from !== to && from !== "" && to !== "")
    .map(([code, from, to, what]) => tellPair(code, "node", { ...what, from, to }));
}

function tellAlarms(before: AlarmsFact, after: AlarmsFact): readonly Told[] {
  const keys = (fact: AlarmsFact): readonly string[] =>
    fact.alarms.map(({ kind, memberId }) => `${kind} ${formatId(memberId)}`);
  const [old, now] = [keys(before), keys(after)];
  return [
    ...now
      .filter((key) => !old.includes(key))
      .map((key) => tell("alarm_raised", key, { en: `alarm raised: ${key}`, zh: `告警触发：${key}` })),
    ...old
      .filter((key) => !now.includes(key))
      .map((key) => tell("alarm_cleared", key, { en: `alarm cleared: ${key}`, zh: `告警解除：${key}` })),
  ];
}

function tellFilesystem(before: FilesystemFact, after: FilesystemFact): readonly Told[] {
  if (before.readOnly !== after.readOnly) {
    const words = after.readOnly
      ? { en: `filesystem of ${after.path} became read-only`, zh: `${after.path} 所在文件系统变为只读` }
      : { en: `filesystem of ${after.path} is writable again`, zh: `${after.path} 所在文件系统恢复可写` };
    return [tell("filesystem_changed", after.role, words)];
  }
  const [from, to] = [
    `${before.path} ${before.device} ${before.type}`,
    `${after.path} ${after.device} ${after.type}`,
  ];
  return from === to
    ? []
    : [
        tellPair("filesystem_changed", after.role, {
          from,
          to,
          en: `${after.role} directory`,
          zh: `${after.role} 目录`,
        }),
      ];
}

function tellLink(before: LinkFact, after: LinkFact): readonly Told[] {
  const [wasDown, isDown] = [isLinkDown(before), isLinkDown(after)];
  if (wasDown === isDown) {
    return [];
  }
  const port = after.port === Port.PEER ? "peer" : "client";
  const subject = `${after.toName}/${port}`;
  const why = cut(after.errorCode || after.kernelText || "?");
  return [
    isDown
      ? tell("link_down", subject, {
          en: `lost ${after.toName}'s ${port} port: ${why}`,
          zh: `无法访问 ${after.toName} 的 ${port} 端口：${why}`,
          to: why,
        })
      : tell("link_up", subject, {
          en: `reaches ${after.toName}'s ${port} port again`,
          zh: `恢复访问 ${after.toName} 的 ${port} 端口`,
        }),
  ];
}

function isLinkDown({ tcp, tls, http, kernel }: LinkFact): boolean {
  return [tcp, tls, http, kernel].includes(Layer.FAILED);
}
