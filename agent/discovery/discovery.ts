/**
 * Keeps track of the etcd that the agent watches. While it lives, one read of /proc a tick; when it is gone, a look at
 * every process's name each tick, so that a restart is seen within one.
 */
import { posix } from "node:path";

import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log-line.ts";
import type { HostDoor } from "../host/host-door.ts";
import { isAlive } from "../host/parse-stat.ts";
import type { ProcessStat } from "../host/parse-stat.ts";
import { chooseEtcd } from "./choose-etcd.ts";
import type { EtcdWanted } from "./choose-etcd.ts";
import type { DiscoveredEtcd } from "./discovered-etcd.ts";
import { describeEtcd, identifyEmbedded, identifyEtcd } from "./identify-etcd.ts";
import type { EtcdProcess } from "./identify-etcd.ts";
import { EMBEDDED_CONFIG, parseRancherDataDir } from "./rancher-places.ts";

export interface DiscoveryOptions {
  readonly host: HostDoor;
  readonly wanted: EtcdWanted;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when the process that discovered() names is another one, or none, than before. */
  readonly onChange: () => void;
}

export interface Discovery {
  /** Looks again. Never waits: what has to be read from a file comes with a later onChange. */
  refresh(): void;
  discovered(): DiscoveredEtcd | undefined;
  /** Why there is no process, in words; empty when there is one. */
  note(): string;
  /** There is none to watch, but not because none runs: it is not known which of several is meant, or what one's flags are. */
  isUndecided(): boolean;
}

/** What is known of one process: who it is, that it is none of ours, or that its configuration file is being read. */
type Known =
  | { readonly kind: "etcd"; readonly etcd: DiscoveredEtcd }
  | { readonly kind: "other"; readonly retry?: Retry }
  | { readonly kind: "reading" }
  | { readonly kind: "unreadable"; readonly problem: string; readonly retry: Retry };

/** k3s writes the file when it has started, and a file that could not be read for a moment is no reason to be blind for ever. */
interface Retry {
  readonly process: EtcdProcess;
  /** By the clock that nobody sets; Infinity while it is being read again. */
  readonly atMs: number;
  /** How long was waited before. */
  readonly afterMs: number;
}

/** The kernel's names of etcd, and of k3s, which has an etcd inside. */
const COMMAND_NAMES: ReadonlySet<string> = new Set(["etcd", "k3s-server", "k3s"]);
const MAX_CONFIG_FILE_BYTES = 1024 * 1024;
const CONFIG_FILE_LIMIT_MS = 5000;
/** A file that was not there, or not readable, is looked at again after so long, then after twice as long, up to the most. */
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;

export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { host, wanted, clock, log, onChange } = options;
  let current: DiscoveredEtcd | undefined;
  let startTicks = 0;
  let note = "not looked yet";
  let isUndecided = false;
  /** By "pid:start ticks", only of the processes seen in the last scan. */
  let known = new Map<string, Known>();

  function refresh(): void {
    if (current?.pid !== undefined) {
      const stat = host.findProcessStat(current.pid);
      if (stat !== undefined && isAlive(stat) && stat.startTicks === startTicks) {
        return;
      }
    }
    const before = current?.pid;
    scan();
    if (current?.pid !== before) {
      log.info({ pid: current?.pid, member: current?.flags.name, note }, "The etcd process changed.");
      onChange();
    }
  }

  function scan(): void {
    const seen = new Map<string, Known>();
    const etcds: DiscoveredEtcd[] = [];
    const problems: string[] = [];
    const ticks = new Map<number, number>();
    for (const stat of candidates()) {
      const key = `${stat.pid}:${stat.startTicks}`;
      const what = readAgain(key, known.get(key)) ?? identify(key, stat);
      seen.set(key, what);
      if (what.kind === "etcd") {
        etcds.push(what.etcd);
        ticks.set(stat.pid, stat.startTicks);
      } else if (what.kind === "unreadable") {
        problems.push(what.problem);
      }
    }
    known = seen;
    const choice = chooseEtcd(etcds, wanted, current);
    note = [choice.note, ...problems].filter((text) => text !== "").join("; ");
    const isUnknown = [...seen.values()].some(({ kind }) => kind === "reading" || kind === "unreadable");
    isUndecided = choice.chosen === undefined && (choice.isAmbiguous || isUnknown);
    if (choice.chosen !== undefined) {
      current = choice.chosen;
      startTicks = ticks.get(current.pid ?? 0) ?? 0;
      note = "";
    } else if (current?.pid !== undefined) {
      current = { ...current, pid: undefined };
    }
  }

  function* candidates(): Generator<ProcessStat> {
    for (const pid of host.listProcessIds()) {
      if (COMMAND_NAMES.has(host.findProcessName(pid) ?? "")) {
        const stat = host.findProcessStat(pid);
        if (stat !== undefined && isAlive(stat)) {
          yield stat;
        }
      }
    }
  }

  function identify(key: string, stat: ProcessStat): Known {
    const nowMs = clock.nowMs();
    const process = identifyEtcd(host, stat, nowMs) ?? identifyEmbedded(host, stat, nowMs);
    if (process === undefined) {
      return { kind: "other" };
    }
    if (process.configFile !== undefined) {
      void readConfigFile(key, process, FIRST_RETRY_MS);
      return { kind: "reading" };
    }
    return { kind: "etcd", etcd: describeEtcd(host, process) };
  }

  /** What is known stands while its file is read again. */
  function readAgain(key: string, what: Known | undefined): Known | undefined {
    if (what?.kind !== "other" && what?.kind !== "unreadable") {
      return what;
    }
    const { retry } = what;
    if (retry === undefined || retry.atMs > clock.monotonicUs() / 1000) {
      return what;
    }
    void readConfigFile(key, retry.process, Math.min(2 * retry.afterMs, MAX_RETRY_MS));
    return { ...what, retry: { ...retry, atMs: Infinity } };
  }

  async function readText(process: EtcdProcess, path: string): Promise<string> {
    const hostPath = `${process.rootPrefix}${posix.resolve(process.directory, path)}`;
    const signal = AbortSignal.timeout(CONFIG_FILE_LIMIT_MS);
    return (await host.readSmallFile(hostPath, MAX_CONFIG_FILE_BYTES, signal)).toString("utf8");
  }

  /** By k3s's own configuration file, where that moves its data directory. */
  async function placeEmbedded(process: EtcdProcess): Promise<EtcdProcess> {
    const own = process.embedded?.configFile;
    if (own === undefined) {
      return process;
    }
    const text = await readText(process, own).catch(() => "");
    const dataDir = await parseRancherDataDir(text);
    return dataDir === undefined ? process : { ...process, configFile: posix.join(dataDir, EMBEDDED_CONFIG) };
  }

  /** `nextMs`: how long to wait with the next attempt when this one fails. */
  async function readConfigFile(key: string, process: EtcdProcess, nextMs: number): Promise<void> {
    let result: Known;
    try {
      const placed = await placeEmbedded(process);
      const text = await readText(placed, placed.configFile ?? "");
      // Loaded only here: few etcds have such a file, and the agent is to stay small.
      const { parse } = await import("yaml");
      result = { kind: "etcd", etcd: describeEtcd(host, placed, parse(text, { logLevel: "error" })) };
    } catch (caught) {
      const error = EtcdscopeError.from(caught);
      const retry = { process, atMs: clock.monotonicUs() / 1000 + nextMs, afterMs: nextMs };
      if (process.embedded !== undefined && error.reason === "not_found") {
        result = { kind: "other", retry };
      } else {
        const problem = `etcd process ${process.pid}: its configuration file: ${error.message}`;
        const before = known.get(key);
        if (before?.kind !== "unreadable" || before.problem !== problem) {
          log.warn(
            { pid: process.pid, error },
            "The configuration file of an etcd process could not be read.",
          );
        }
        result = { kind: "unreadable", problem, retry };
      }
    }
    if (known.has(key)) {
      known.set(key, result);
      refresh();
    }
  }

  return { refresh, discovered: () => current, note: () => note, isUndecided: () => isUndecided };
}
