/** A healthy cluster under a load like Kubernetes', with the maintenance that it needs: nothing critical may be found, and no incident above info. */
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../shared/clock.ts";
import type { IncidentSummary } from "../../shared/rest-incident.ts";
import type { WatchedCluster } from "../integration/watched-cluster.ts";
import { pickLeader, urlsOf } from "./fault.ts";

export interface SoakResult {
  readonly minutes: number;
  readonly looks: number;
  /** Looks by verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** "severity CODE name", each once. */
  readonly findings: readonly string[];
  /** "severity kind title". */
  readonly incidents: readonly string[];
  readonly isClean: boolean;
}

const COMPACT_EVERY_MS = 300_000;
const LOOK_EVERY_MS = 500;
/** Between two members that are restarted or defragmented. */
const PAUSE_MS = 10_000;

async function compact(on: WatchedCluster): Promise<void> {
  const said = await on.etcd.etcdctl.run(urlsOf(on), ["get", "none", "--write-out=json"]);
  const revision = /"revision":(\d+)/.exec(said.stdout)?.[1] ?? "";
  await on.etcd.etcdctl.run(urlsOf(on), ["compact", revision]);
}

/** The leader last. */
async function inTurn(on: WatchedCluster, act: (name: string) => Promise<void>): Promise<void> {
  const leader = await pickLeader(on);
  const names = on.etcd.members.map(({ name }) => name).filter((name) => name !== leader.name);
  for (const name of [...names, leader.name]) {
    await act(name);
    await on.etcd.waitHealthy();
    await delay(PAUSE_MS);
  }
}

async function maintain(on: WatchedCluster, minutes: number, log: (line: string) => void): Promise<void> {
  const startMs = systemClock.monotonicUs() / 1000;
  const endMs = startMs + minutes * 60_000;
  const at = (share: number): number => startMs + share * minutes * 60_000;
  let compactedMs = startMs;
  let [isDefragmented, isRestarted] = [false, false];
  for (let nowMs = startMs; nowMs < endMs; nowMs = systemClock.monotonicUs() / 1000) {
    if (nowMs - compactedMs >= COMPACT_EVERY_MS) {
      compactedMs = nowMs;
      await compact(on);
      log("compacted");
    }
    if (!isDefragmented && nowMs >= at(0.3)) {
      isDefragmented = true;
      await inTurn(on, async (name) => {
        await on.etcd.etcdctl.run([on.etcd.member(name).clientUrl], ["defrag", "--command-timeout=30s"]);
        log(`defragmented ${name}`);
      });
    }
    if (!isRestarted && nowMs >= at(0.55)) {
      isRestarted = true;
      await inTurn(on, async (name) => {
        await on.etcd.member(name).restart();
        log(`restarted ${name}`);
      });
    }
    await delay(1000);
  }
}

export async function soak(
  on: WatchedCluster,
  minutes: number,
  log: (line: string) => void,
): Promise<SoakResult> {
  const verdicts: Record<string, number> = {};
  const findings = new Set<string>();
  let looks = 0;
  let isOver = false;
  async function look(): Promise<void> {
    while (!isOver) {
      const state = await on.stack.state();
      looks += 1;
      verdicts[state.verdict] = (verdicts[state.verdict] ?? 0) + 1;
      for (const { severity, code, subject, status } of state.findings) {
        const line = `${severity} ${code} ${subject.name}${subject.peer === undefined ? "" : `→${subject.peer}`}`;
        if (status === "active" && !findings.has(line)) {
          findings.add(line);
          log(`found: ${line}; verdict ${state.verdict}`);
        }
      }
      await delay(LOOK_EVERY_MS);
    }
  }
  const looking = look();
  await maintain(on, minutes, log);
  isOver = true;
  await looking;
  const { incidents } = await on.stack.api<{ incidents: readonly IncidentSummary[] }>(
    `/clusters/${on.stack.cluster}/incidents`,
  );
  const isClean =
    [...findings].every((line) => !line.startsWith("critical ")) &&
    incidents.every(({ severity }) => severity === "info");
  return {
    minutes,
    looks,
    verdicts,
    findings: [...findings],
    incidents: incidents.map(({ severity, kind, title }) => `${severity} ${kind}: ${title.en}`),
    isClean,
  };
}
