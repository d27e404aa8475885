/** Why a leader was lost: the fact nearest to its end, or what could not be seen. One table, the surest fact first. */
import type { Note } from "../../shared/note.ts";
import type { Finding } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";

export interface Election {
  readonly atMs: number;
  /** Empty: not known, or none before. */
  readonly from: string;
  readonly to: string;
  readonly term: string;
  readonly seenBy: readonly string[];
  readonly isClockMeasured: boolean;
}

/** What was seen this long before an election can have caused it; etcd's largest usual election timeout, doubled. */
const BEFORE_MS = 30_000;
/** A process's end is seen a look later than its effects. */
const AFTER_MS = 5_000;
/** A clock that was never measured dates what waited for a reconnect by its receipt. */
const UNMEASURED_MS = 60_000;

function isNear({ atMs, isClockMeasured }: Note, { atMs: electedMs }: Election): boolean {
  const slackMs = isClockMeasured ? 0 : UNMEASURED_MS;
  return atMs >= electedMs - BEFORE_MS - slackMs && atMs <= electedMs + AFTER_MS + slackMs;
}

/** Of every member's view of it, by term. */
export function listElections(notes: readonly Note[]): readonly Election[] {
  const byTerm = new Map<string, Election>();
  const lost = notes.filter(({ code, attributes }) => code === "leader_changed" && attributes["to"] === "");
  for (const note of notes
    .filter(({ code }) => code === "leader_changed")
    .toSorted((a, b) => a.atMs - b.atMs)) {
    const { from = "", to = "", term = "" } = note.attributes;
    if (to === "") {
      continue;
    }
    const known = byTerm.get(term);
    const before = lost.filter(({ atMs }) => note.atMs - atMs <= BEFORE_MS && atMs <= note.atMs).at(0);
    byTerm.set(term, {
      atMs: known?.atMs ?? note.atMs,
      from: known?.from || from || before?.attributes["from"] || "",
      to,
      term,
      seenBy: [...new Set([...(known?.seenBy ?? []), note.node])],
      isClockMeasured: (known?.isClockMeasured ?? true) && note.isClockMeasured,
    });
  }
  return [...byTerm.values()]
    .toSorted((a, b) => Number(a.term) - Number(b.term))
    .map((election, index, all) => {
      // A member that was away meanwhile remembers an older leader.
      const before = all[index - 1];
      return before === undefined ? election : { ...election, from: before.to };
    })
    .toSorted((a, b) => a.atMs - b.atMs);
}

/** Findings of the old leader or its links that lose a leadership. */
const CAUSES = [
  "PROCESS_STOPPED",
  "OOM_KILLED",
  "NODE_UNREACHABLE",
  "DISK_STALLED",
  "DISK_FULL",
  "DISK_SLOW",
  "CPU_STARVED",
  // Before the links, which go down with their member.
  "MEMBER_DOWN",
  "MEMBER_HUNG",
  "PARTITION",
  "PEER_LINK_DOWN",
  "PACKET_LOSS",
  "PEER_LATENCY_HIGH",
  "HEARTBEATS_LATE",
];

export function explainElection(
  election: Election,
  notes: readonly Note[],
  findings: readonly Finding[],
): Text {
  const { from, to, term } = election;
  const what: Text =
    from === ""
      ? { en: `${to} was elected in term ${term}`, zh: `${to} 在任期 ${term} 当选` }
      : from === to
        ? { en: `${to} was elected again in term ${term}`, zh: `${to} 在任期 ${term} 再次当选` }
        : { en: `${to} took over from ${from} in term ${term}`, zh: `${to} 在任期 ${term} 接替 ${from}` };
  const why = findReason(election, notes, findings);
  return { en: `${what.en}: ${why.en}`, zh: `${what.zh}：${why.zh}` };
}

function findReason(election: Election, notes: readonly Note[], findings: readonly Finding[]): Text {
  const { from } = election;
  if (from === "") {
    return {
      en: "who led before was not seen, so neither was the reason",
      zh: "未看到此前的 leader，因此原因不明",
    };
  }
  const near = notes.filter((note) => note.node === from && isNear(note, election));
  const at = (code: string): Note | undefined => near.find((note) => note.code === code);
  if (at("rebooted") !== undefined) {
    return { en: `the machine of ${from} rebooted`, zh: `${from} 所在机器重启` };
  }
  if (at("process_stopped") !== undefined) {
    return { en: `etcd of ${from} was stopped by a signal`, zh: `${from} 的 etcd 被信号暂停` };
  }
  if ((at("process_exited") ?? at("process_started") ?? at("process_restarted")) !== undefined) {
    return { en: `etcd of ${from} exited or was restarted`, zh: `${from} 的 etcd 退出或重启` };
  }
  const cause = CAUSES.map((code) =>
    findings.find((one) => one.code === code && isAbout(one, election)),
  ).find((one) => one !== undefined);
  if (cause !== undefined) {
    return { en: `on ${from}: ${cause.title.en}`, zh: `${from}：${cause.title.zh}` };
  }
  const link = notes.find(
    (note) =>
      note.code === "link_down" &&
      note.subject.endsWith("/peer") &&
      (note.node === from || note.subject.startsWith(`${from}/`)) &&
      isNear(note, election),
  );
  if (link !== undefined) {
    return { en: `${link.node} ${link.text.en}`, zh: `${link.node} ${link.text.zh}` };
  }
  const silence = findings.find((one) => one.code === "AGENT_SILENT" && isAbout(one, election));
  if (silence !== undefined) {
    return {
      en: `the reason was not seen: the agent of ${from} was silent`,
      zh: `未看到原因：${from} 的代理没有消息`,
    };
  }
  return {
    en: `no fault of ${from} was seen around it: moved by hand, or a pause shorter than a look (1 s)`,
    zh: `前后未看到 ${from} 的故障：手工转移，或短于一次观察（1 秒）的停顿`,
  };
}

function isAbout({ subject, since, until }: Finding, { from, atMs }: Election): boolean {
  const isThere = subject.kind === "cluster" || subject.name === from || subject.peer === from;
  const untilMs = until === null ? Infinity : Date.parse(until);
  return isThere && Date.parse(since) <= atMs + BEFORE_MS && untilMs >= atMs - BEFORE_MS;
}
