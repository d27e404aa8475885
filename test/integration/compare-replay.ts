/**
 * A span as the collector told it live, and as its capture tells it when it is replayed. They may differ in three things:
 * - what went on while the collector was away, and until the agents had brought what they kept: it came to know of it later, in one
 *   go, and a replay sees it as it happened;
 * - what is over within a look or two, which are at other moments;
 * - the collector's own state, which no frame tells.
 * Times differ by as much as the looks do, and with them ids.
 */
import { join } from "node:path";
import { expect } from "vitest";
import type { Replay } from "../../shared/rest-replay.ts";
import type { Finding } from "../../shared/rest.ts";
import { mustRunEtcdscope } from "../lab/etcdscope-command.ts";
import type { Stack } from "../lab/stack.ts";

export interface ComparedSpan {
  readonly fromMs: number;
  readonly toMs: number;
  /** While the collector was away, and until nothing was left to come. */
  readonly awayFromMs: number;
  readonly awayToMs: number;
}

/** What is over so soon may be missed by either. */
const BRIEF_MS = 3000;
const OF_THE_COLLECTOR: ReadonlySet<string> = new Set(["COLLECTOR_DEGRADED"]);

/** "CODE subject" of what was found. */
export function nameFinding({ code, subject }: Pick<Finding, "code" | "subject">): string {
  return `${code} ${subject.name}${subject.peer === undefined ? "" : `>${subject.peer}`}`;
}

/** Captures the span, replays it twice and expects both replays to agree, and with what was found live. */
export async function expectReplayAsLive(stack: Stack, dir: string, span: ComparedSpan): Promise<Replay> {
  const [from, to] = [span.fromMs, span.toMs].map((atMs) => new Date(atMs).toISOString());
  const file = join(dir, "incident.capture");
  const captured = await stack.command(["capture", "--from", from ?? "", "--to", to ?? "", "-o", file]);
  expect(captured.code, captured.stderr).toBe(0);
  const first = await mustRunEtcdscope(["replay", file, "--json"]);
  const second = await mustRunEtcdscope(["replay", file, "--json"]);
  expect(second).toBe(first);
  const replay = JSON.parse(first) as Replay;
  const { findings } = await stack.api<{ findings: readonly Finding[] }>(
    `/clusters/${stack.cluster}/findings?from=${from}&to=${to}&limit=1000`,
  );
  const live = findings.filter(({ code }) => !OF_THE_COLLECTOR.has(code));
  const [seen, replayed] = [describeAll(live), describeAll(replay.findings)];
  const story = `live:\n${seen.join("\n")}\nreplayed:\n${replayed.join("\n")}`;
  expect(namesOf(live, span, replay.findings), story).toEqual(namesOf(replay.findings, span, live));
  return replay;
}

/** Of those that must be found both ways, or are. */
function namesOf(
  findings: readonly Finding[],
  span: ComparedSpan,
  others: readonly Finding[],
): readonly string[] {
  const known = new Set(others.map(nameFinding));
  const must = findings.filter((one) => known.has(nameFinding(one)) || !mayDiffer(one, span));
  return [...new Set(must.map(nameFinding))].toSorted();
}

function mayDiffer({ since, until, lastSeen }: Finding, { awayFromMs, awayToMs }: ComparedSpan): boolean {
  const [beginMs, endMs] = [Date.parse(since), Date.parse(until ?? lastSeen)];
  return endMs - beginMs < BRIEF_MS || (endMs >= awayFromMs && beginMs <= awayToMs);
}

function describeAll(findings: readonly Finding[]): readonly string[] {
  return findings
    .map((one) => {
      const cause = one.rootCause ? "root cause" : `<- ${one.causedBy.length}`;
      return `${one.since} ${one.until ?? "active"} ${nameFinding(one)} ${one.severity} ${cause}`;
    })
    .toSorted();
}
