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
}

/** What is known of one process: who it is, that it is none of ours, or that its configuration file is being read. */
type Known =
  | { readonly kind: "etcd"; readonly etcd: DiscoveredEtcd }
  | { readonly kind: "other" }
  | { readonly kind: "reading" }
  | { readonly kind: "unreadable"; readonly problem: string };

/** The kernel's names of etcd, and of k3s, which has an etcd inside. */
const COMMAND_NAMES: ReadonlySet<string> = new Set(["etcd", "k3s-server", "k3s"]);
const MAX_CONFIG_FILE_BYTES = 1024 * 1024;
const CONFIG_FILE_LIMIT_MS = 5000;

export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { host, wanted, clock, log, onChange } = options;
  let current: DiscoveredEtcd | undefined;
  let startTicks = 0;
  let note = "not looked yet";
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
      const what = known.get(key) ?? identify(key, stat);
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
      void readConfigFile(key, process, process.configFile);
      return { kind: "reading" };
    }
    return { kind: "etcd", etcd: describeEtcd(host, process) };
  }

  async function readConfigFile(key: string, process: EtcdProcess, configFile: string): Promise<void> {
    let result: Known;
    try {
      const path = `${process.rootPrefix}${posix.resolve(process.directory, configFile)}`;
      const signal = AbortSignal.timeout(CONFIG_FILE_LIMIT_MS);
      const text = (await host.readSmallFile(path, MAX_CONFIG_FILE_BYTES, signal)).toString("utf8");
      // Loaded only here: few etcds have such a file, and the agent is to stay small.
      const { parse } = await import("yaml");
      result = { kind: "etcd", etcd: describeEtcd(host, process, parse(text, { logLevel: "error" })) };
    } catch (caught) {
      const error = EtcdscopeError.from(caught);
      if (process.isEmbedded === true && error.reason === "not_found") {
        result = { kind: "other" };
      } else {
        result = {
          kind: "unreadable",
          problem: `etcd process ${process.pid}: its configuration file: ${error.message}`,
        };
        log.warn({ pid: process.pid, error }, "The configuration file of an etcd process could not be read.");
      }
    }
    if (known.has(key)) {
      known.set(key, result);
      refresh();
    }
  }

  return { refresh, discovered: () => current, note: () => note };
}
