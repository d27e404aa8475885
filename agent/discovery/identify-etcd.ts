/** Reads what one process says of itself and decides whether it is an etcd server, and which. */
import type { HostDoor } from "../host/host-door.ts";
import type { ProcessUser } from "../host/parse-process-user.ts";
import { TICKS_PER_SECOND } from "../host/parse-stat.ts";
import type { ProcessStat } from "../host/parse-stat.ts";
import type { DiscoveredEtcd } from "./discovered-etcd.ts";
import { listFlagPaths } from "./discovered-etcd.ts";
import { mapHostPaths } from "./map-host-paths.ts";
import { flattenConfigFile, parseArguments, parseEnvironmentFlags } from "./parse-given-flags.ts";
import type { GivenFlags } from "./parse-given-flags.ts";
import { EMBEDDED_CONFIG, K3S_CONFIG, K3S_DATA_DIR } from "./rancher-places.ts";
import { resolveFlags } from "./resolve-flags.ts";

/** A process that is an etcd server, before its configuration file, if it has one, was read. */
export interface EtcdProcess {
  readonly pid: number;
  readonly startedAtMs: number;
  readonly executable: string;
  /** Its working directory, as it sees it. */
  readonly directory: string;
  readonly rootPrefix: string;
  /** Of command line and environment; void when there is a configuration file. */
  readonly given: GivenFlags;
  readonly configFile: string | undefined;
  /**
   * It is part of k3s: without its configuration file there is no etcd in this process (k3s then uses another store, or has not
   * written it yet). k3s's own configuration file may name another data directory; undefined: its command line has.
   */
  readonly embedded?: { readonly configFile: string | undefined };
  readonly user: ProcessUser | undefined;
  readonly sharesNetwork: boolean | undefined;
}

/** etcd's other uses of its own program. */
const OTHER_COMMANDS = new Set(["gateway", "grpc-proxy"]);
const SHORT_LIVED = ["version", "help", "h"];

/** By the words behind the program's name. */
export function isServer(words: readonly string[]): boolean {
  const given = parseArguments(words);
  return !OTHER_COMMANDS.has(words[0] ?? "") && !SHORT_LIVED.some((name) => name in given);
}

/** k3s server: etcd runs inside of it. undefined: another k3s (an agent, kubectl), or gone meanwhile. */
export function identifyEmbedded(host: HostDoor, stat: ProcessStat, nowMs: number): EtcdProcess | undefined {
  const { pid } = stat;
  const words = host.findProcessArguments(pid);
  // k3s writes its own title, "k3s server", as one word.
  const text = words?.join(" ") ?? "";
  if (!/(?:^|\/)k3s(?:-server)? server(?: |$)/.test(text)) {
    return undefined;
  }
  const environment = host.findProcessEnvironment(pid) ?? {};
  const given = /(?: --data-dir[= ]| -d )(\S+)/.exec(text)?.[1] ?? environment["K3S_DATA_DIR"];
  const own = /(?: --config[= ]| -c )(\S+)/.exec(text)?.[1] ?? environment["K3S_CONFIG_FILE"];
  return {
    pid,
    startedAtMs: startOf(host, stat, nowMs),
    executable: host.findProcessExecutable(pid) ?? words?.[0] ?? "",
    directory: host.findProcessDirectory(pid) ?? "/",
    rootPrefix: host.sharesMounts(pid) === false ? `${host.procRoot}/${pid}/root` : "",
    given: {},
    configFile: `${given ?? K3S_DATA_DIR}/${EMBEDDED_CONFIG}`,
    embedded: { configFile: given === undefined ? (own ?? K3S_CONFIG) : undefined },
    user: host.findProcessUser(pid),
    sharesNetwork: host.sharesNetwork(pid),
  };
}

function startOf(host: HostDoor, stat: ProcessStat, nowMs: number): number {
  return Math.round(nowMs - host.readUptimeMs() + (stat.startTicks * 1000) / TICKS_PER_SECOND);
}

/** undefined: not an etcd server, or gone meanwhile. */
export function identifyEtcd(host: HostDoor, stat: ProcessStat, nowMs: number): EtcdProcess | undefined {
  const { pid } = stat;
  const words = host.findProcessArguments(pid);
  const executable = host.findProcessExecutable(pid) ?? words?.[0] ?? "";
  const isEtcd = /(^|\/)etcd[^/]*$/.test(executable);
  if (words === undefined || !isEtcd || !isServer(words.slice(1))) {
    return undefined;
  }
  const fromArguments = parseArguments(words.slice(1));
  const given = { ...parseEnvironmentFlags(host.findProcessEnvironment(pid) ?? {}), ...fromArguments };
  return {
    pid,
    startedAtMs: startOf(host, stat, nowMs),
    executable,
    directory: host.findProcessDirectory(pid) ?? "/",
    rootPrefix: host.sharesMounts(pid) === false ? `${host.procRoot}/${pid}/root` : "",
    given,
    configFile: given["config-file"],
    user: host.findProcessUser(pid),
    sharesNetwork: host.sharesNetwork(pid),
  };
}

/**
 * `document` is the configuration file's. With such a file etcd ignores command line and environment altogether
 * (seen with 3.4 and 3.5), so that is done here too.
 */
export function describeEtcd(host: HostDoor, process: EtcdProcess, document?: unknown): DiscoveredEtcd {
  const given =
    process.configFile === undefined
      ? process.given
      : { ...flattenConfigFile(document), "config-file": process.configFile };
  const flags = resolveFlags(given, process.directory);
  return {
    pid: process.pid,
    startedAtMs: process.startedAtMs,
    executable: process.executable,
    flags,
    rootPrefix: process.rootPrefix,
    ...(process.user === undefined ? {} : { user: process.user }),
    ...(process.sharesNetwork === undefined ? {} : { sharesNetwork: process.sharesNetwork }),
    ...(process.rootPrefix === ""
      ? {}
      : {
          hostPaths: mapHostPaths(
            listFlagPaths(flags),
            host.readMounts(process.pid),
            host.readMounts("self"),
          ),
        }),
  };
}
