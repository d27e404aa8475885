/** What etcd's own log said, as rules read it: the events of the agent's logs probe, and whether that log is read at all. */
import type { Evidence } from "../../shared/rest.ts";
import { Outcome } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { Text } from "../../shared/text.ts";
import type { NodeView } from "../view/cluster-view.ts";
import { findFact, findRun } from "../view/node-reading.ts";
import type { NodeState } from "../view/node-state.ts";
import { createEvidence } from "./evidence.ts";

export interface Saying {
  readonly code: string;
  readonly severity: string;
  readonly atMs: number;
  /** Lines of this code since the event of it before. */
  readonly count: number;
  /** The message and its reason, redacted. */
  readonly said: string;
  /** The whole line, redacted and bounded. */
  readonly line: string;
}

/** Oldest first. `codes` undefined: all. */
export function listSayings(
  node: NodeState,
  codes: ReadonlySet<string> | undefined,
  sinceMs: number,
): readonly Saying[] {
  return node.events.flatMap(({ atMs, event: { kind, attributes } }) => {
    const { code = "", severity = "", count = "1", said = "", line = "" } = attributes;
    return kind === "log" && atMs >= sinceMs && (codes === undefined || codes.has(code))
      ? [{ code, severity, atMs, count: Number(count), said: said === "" ? line : said, line }]
      : [];
  });
}

/** An event and a fact of one line differ by what the clocks' measured offset moves meanwhile. */
const SAME_LINE_MS = 1000;

/** What events no longer tell: those of more than an hour ago, or of before there was an agent. */
export function listLastWords(node: NodeState, sinceMs: number): readonly Saying[] {
  const told = listSayings(node, undefined, 0);
  return (findFact(node, "last_words", "lastWords")?.body.words ?? [])
    .map(({ atUnixMs, code, said }) => ({
      atMs: Number(atUnixMs) - node.clockOffsetMs,
      code,
      severity: "critical",
      count: 1,
      said,
      line: said,
    }))
    .filter(
      ({ atMs, code }) =>
        atMs >= sinceMs && !told.some((one) => one.code === code && Math.abs(one.atMs - atMs) < SAME_LINE_MS),
    );
}

export function proveBySaying(node: NodeView, { atMs, count, said }: Saying): Evidence {
  const times = count > 1 ? { en: ` (${count} times)`, zh: `（${count} 次）` } : { en: "", zh: "" };
  return createEvidence(
    { node: node.name, source: "etcd log", atMs },
    { en: `its log: ${said}${times.en}`, zh: `日志：${said}${times.zh}` },
  );
}

/** The newest saying of each code as evidence, at most three: what a finding from other sources adds to its own. */
export function addSayings(node: NodeView, codes: readonly string[], sinceMs: number): readonly Evidence[] {
  const newest = new Map(
    listSayings(node.state, new Set(codes), sinceMs).map((saying) => [saying.code, saying]),
  );
  return [...newest.values()].slice(-3).map((saying) => proveBySaying(node, saying));
}

/** Why nothing can be said from the log; undefined: it is read. */
export function findUnreadLog(node: NodeView): Text | undefined {
  const run = findRun(node.state, "logs", "");
  if (run?.outcome === Outcome.OK) {
    return undefined;
  }
  const why = run === undefined || run.errorText === "" ? undefined : run.errorText;
  return {
    en: `etcd's log on ${node.name} is not read${why === undefined ? "" : `: ${why}`}`,
    zh: `未读取 ${node.name} 上的 etcd 日志${why === undefined ? "" : `：${why}`}`,
  };
}
