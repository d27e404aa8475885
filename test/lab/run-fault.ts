/** One fault from a quiet cluster to a quiet cluster: what was told of it, when, and what else was told. */
import { availableParallelism, loadavg } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../shared/clock.ts";
import type { ClusterState, Finding } from "../../shared/rest.ts";
import type { WatchedCluster } from "../integration/watched-cluster.ts";
import type { EtcdVersion } from "./etcd-binaries.ts";
import type { Cause, Fault, PreparedFault } from "./fault.ts";
import { describeState } from "./stack.ts";

export interface FaultRun {
  readonly fault: string;
  readonly version: EtcdVersion;
  /** When it was run, RFC 3339; of a run from before this was kept: undefined. */
  readonly at?: string;
  /** The machine's load average over the last minute when it was over. */
  readonly load?: number;
  readonly story: string;
  /** Why it could not be run here; undefined when it was. */
  readonly skipped?: string;
  readonly verdict: string;
  /** From the effect's being visible; undefined: never right. */
  readonly verdictSeconds?: number;
  readonly first: string;
  readonly isFirstRight: boolean;
  readonly causeSeconds?: number;
  /** Root causes that were told and are none, with "(healing)" when they came only then, and "(machine)" when they were true of an overloaded machine. */
  readonly extras: readonly string[];
  /** Findings that should have been made and were not. */
  readonly missing: readonly string[];
  readonly quietSeconds?: number;
  readonly isInTime: boolean;
  /** What Prometheus with etcd's own rules told while it was broken, and after how long; undefined: not asked. */
  readonly alerts?: string;
  /** What the state was when something was not as expected. */
  readonly note: string;
}

interface Look {
  readonly atMs: number;
  readonly state: ClusterState;
  readonly causes: readonly string[];
}

const LOOK_EVERY_MS = 150;
const VERDICT_WITHIN_MS = 5000;
const CAUSE_WITHIN_MS = 10_000;
/** What is late is still waited for, so that the table tells how late. */
const GRACE_MS = 15_000;
/** An extra cause may come after the right one. */
const SETTLE_MS = 6000;
const QUIET_WITHIN_MS = 75_000;

function nowMs(): number {
  return systemClock.monotonicUs() / 1000;
}

function nameCause({ code, subject }: Finding): string {
  return `${code} ${subject.name}${subject.peer === undefined ? "" : `→${subject.peer}`}`;
}

/** A machine with so many more processes ready to run than CPUs starves what runs on it: then that is true, and not of the fault. */
const OVERLOADED = 2;

function isOfMachine(cause: string): boolean {
  return cause.startsWith("CPU_STARVED ") && (loadavg()[0] ?? 0) > OVERLOADED * availableParallelism();
}

/** Root causes in the order in which an operator is told them. */
export function listCausesInOrder(state: ClusterState): readonly string[] {
  const byId = new Map(state.findings.map((finding) => [finding.id, finding]));
  return state.rootCauses.flatMap((id) => {
    const finding = byId.get(id);
    return finding === undefined ? [] : [nameCause(finding)];
  });
}

export function isCause(told: string, expected: Cause): boolean {
  return expected
    .split("|")
    .some((one) => told === one || told.startsWith(`${one} `) || told.startsWith(`${one}→`));
}

export function isQuiet(state: ClusterState): boolean {
  return (
    state.verdict === "healthy" &&
    state.findings.every(({ status, severity }) => status !== "active" || severity === "info")
  );
}

function watch(on: WatchedCluster): { readonly looks: Look[]; stop(): Promise<void> } {
  const looks: Look[] = [];
  let isStopped = false;
  async function run(): Promise<void> {
    while (!isStopped) {
      // A collector that is being restarted does not answer; that is the fault's business.
      const state = await on.stack.state().catch(() => undefined);
      if (state !== undefined) {
        looks.push({ atMs: nowMs(), state, causes: listCausesInOrder(state) });
      }
      await delay(LOOK_EVERY_MS);
    }
  }
  const running = run();
  return {
    looks,
    stop: async () => {
      isStopped = true;
      await running;
    },
  };
}

function isTold(look: Look, prepared: PreparedFault): boolean {
  const found = new Set(
    look.state.findings.filter(({ status }) => status === "active").map(({ code }) => code),
  );
  return (
    prepared.causes.every((cause) => look.causes.some((told) => isCause(told, cause))) &&
    (prepared.findings ?? []).every((code) => found.has(code))
  );
}

export async function runFault(
  fault: Fault,
  prepared: PreparedFault,
  {
    on,
    version,
    watchBeside,
  }: {
    readonly on: WatchedCluster;
    readonly version: EtcdVersion;
    /** Begun when the effect is visible; the fault lasts until it has settled. */
    readonly watchBeside?: (() => Promise<string>) | undefined;
  },
): Promise<FaultRun> {
  const causeWithinMs = fault.causeWithinMs ?? CAUSE_WITHIN_MS;
  const before = new Set(listCausesInOrder(await on.stack.state()));
  const watched = watch(on);
  let healingFromMs = Infinity;
  let visibleMs = nowMs();
  let problem = "";
  let quietSeconds: number | undefined;
  let alerts: string | undefined;
  try {
    await prepared.inject();
    await prepared.untilVisible?.();
    visibleMs = nowMs();
    const beside = watchBeside?.();
    const untilMs = visibleMs + causeWithinMs + GRACE_MS;
    const isDone = (): boolean =>
      watched.looks.some((look) => isTold(look, prepared)) &&
      watched.looks.some(({ state }) => prepared.verdicts.includes(state.verdict));
    while (!isDone() && nowMs() < untilMs) {
      await delay(LOOK_EVERY_MS);
    }
    await delay(SETTLE_MS);
    alerts = await beside;
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  } finally {
    healingFromMs = nowMs();
    await prepared.heal();
  }
  if (fault.spoils === undefined) {
    quietSeconds = await waitQuiet(on, fault.quietWithinMs ?? QUIET_WITHIN_MS);
  }
  await watched.stop();
  const broken = watched.looks.filter(({ atMs }) => atMs < healingFromMs);
  const told = broken.find((look) => isTold(look, prepared));
  const right = broken.find(({ state }) => prepared.verdicts.includes(state.verdict));
  const last = broken.at(-1);
  const isCounted = (cause: string): boolean =>
    !isOfMachine(cause) || prepared.causes.some((one) => isCause(cause, one));
  const firsts = [told ?? last, last].map((look) => look?.causes.find(isCounted) ?? "nothing");
  const isFirstRight =
    told !== undefined && firsts.every((first) => prepared.causes.some((cause) => isCause(first, cause)));
  const isExpected = (cause: string): boolean =>
    before.has(cause) || [...prepared.causes, ...(prepared.also ?? [])].some((one) => isCause(cause, one));
  const extras = listExtras(watched.looks, healingFromMs, isExpected);
  const codes = new Set(broken.flatMap(({ state }) => state.findings.map(({ code }) => code)));
  const verdictSeconds = right === undefined ? undefined : since(right.atMs, visibleMs);
  const causeSeconds = told === undefined ? undefined : since(told.atMs, visibleMs);
  // Of what builds up slowly the finding itself is the verdict's reason.
  const verdictWithinMs = Math.max(VERDICT_WITHIN_MS, fault.causeWithinMs ?? 0);
  const isInTime =
    (verdictSeconds ?? Infinity) * 1000 <= verdictWithinMs &&
    (causeSeconds ?? Infinity) * 1000 <= causeWithinMs;
  const isWell = isFirstRight && extras.every((extra) => extra.endsWith(OF_MACHINE)) && isInTime;
  return {
    fault: fault.name,
    version,
    at: new Date().toISOString(),
    load: Number((loadavg()[0] ?? 0).toFixed(1)),
    story: prepared.story,
    verdict: (told ?? last)?.state.verdict ?? "none",
    ...(verdictSeconds === undefined ? {} : { verdictSeconds }),
    first: firsts.find((first) => !prepared.causes.some((cause) => isCause(first, cause))) ?? firsts[0] ?? "",
    isFirstRight,
    ...(causeSeconds === undefined ? {} : { causeSeconds }),
    extras,
    missing: (prepared.findings ?? []).filter((code) => !codes.has(code)),
    ...(quietSeconds === undefined ? {} : { quietSeconds }),
    isInTime,
    ...(alerts === undefined ? {} : { alerts }),
    note: isWell && problem === "" ? "" : [problem, describeState(last?.state)].filter(Boolean).join("; "),
  };
}

function since(atMs: number, visibleMs: number): number {
  return Number((Math.max(0, atMs - visibleMs) / 1000).toFixed(1));
}

/** Behind an extra cause that is the machine's own. */
export const OF_MACHINE = " (machine)";

function listExtras(
  looks: readonly Look[],
  healingFromMs: number,
  isExpected: (cause: string) => boolean,
): readonly string[] {
  const found = new Map<string, string>();
  for (const { atMs, causes } of looks) {
    for (const cause of causes) {
      if (!isExpected(cause) && !found.has(cause)) {
        const when = atMs < healingFromMs ? cause : `${cause} (healing)`;
        found.set(cause, isOfMachine(cause) ? `${when}${OF_MACHINE}` : when);
      }
    }
  }
  return [...found.values()];
}

/** Seconds; undefined when it did not become quiet in time. */
async function waitQuiet(on: WatchedCluster, timeoutMs: number): Promise<number | undefined> {
  try {
    return (await on.stack.waitFor("the cluster is quiet", isQuiet, { timeoutMs })).seconds;
  } catch {
    return undefined;
  }
}
