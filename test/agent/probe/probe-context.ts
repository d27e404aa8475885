/** What a probe under test is handed: the given doors, and doors that fail for all else. */
import type { AgentConfig } from "../../../agent/config.ts";
import type { DiscoveredEtcd } from "../../../agent/discovery/discovered-etcd.ts";
import { resolveFlags } from "../../../agent/discovery/resolve-flags.ts";
import type { GivenFlags } from "../../../agent/discovery/parse-given-flags.ts";
import type { EtcdDoor } from "../../../agent/etcd/etcd-door.ts";
import type { HostDoor } from "../../../agent/host/host-door.ts";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import type { ProbeContext, ProbeSetup } from "../../../agent/probe/probe.ts";
import { systemClock } from "../../../shared/clock.ts";
import { silentLog } from "../silent-log.ts";

export const TEST_CONFIG: AgentConfig = {
  cluster: "test",
  node: "m1",
  collectors: ["127.0.0.1:1"],
  tls: { ca: "/nowhere/ca.crt", cert: "/nowhere/agent.crt", key: "/nowhere/agent.key" },
  etcd: { name: undefined, dataDir: undefined, endpoint: undefined, tls: undefined, logs: "off" },
  peers: {},
  backups: undefined,
  intervals: { fastMs: 1000, normalMs: 10_000, slowMs: 60_000 },
  fsyncProbe: { enabled: true, intervalMs: 5000 },
  spool: { dir: "/nowhere", maxBytes: 1e8, maxAgeMs: 1e8 },
  log: { level: "info" },
};

export const TEST_SETUP: ProbeSetup = { config: TEST_CONFIG, log: silentLog };

export function discoveredEtcd(given: GivenFlags, rest: Partial<DiscoveredEtcd> = {}): DiscoveredEtcd {
  return {
    pid: process.pid,
    startedAtMs: 1000,
    executable: "/usr/bin/etcd",
    flags: resolveFlags(given, "/"),
    rootPrefix: "",
    ...rest,
  };
}

/** With `host` in part: the named methods stand in for the machine's. */
export function probeContext(
  rest: Partial<Omit<ProbeContext, "host">> & { readonly host?: Partial<HostDoor> } = {},
): ProbeContext {
  const clock = rest.clock ?? systemClock;
  return {
    etcd: {} as EtcdDoor,
    discovered: undefined,
    signal: new AbortController().signal,
    target: "",
    ...rest,
    clock,
    host: { ...createLinuxHost({ clock }), ...rest.host },
  };
}
