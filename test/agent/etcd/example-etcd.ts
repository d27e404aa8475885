/** A discovered etcd and an agent's configuration for tests of the door, with only what a test is about changed. */
import type { AgentConfig } from "../../../agent/config.ts";
import type { DiscoveredEtcd, EtcdFlags } from "../../../agent/discovery/discovered-etcd.ts";
import { discoveredEtcd, TEST_CONFIG } from "../probe/probe-context.ts";

/** The member m1 at 10.0.0.1, plain text unless TLS files are given. */
export function flagsWith(changed: Partial<EtcdFlags> = {}): EtcdFlags {
  const { flags } = discoveredEtcd({
    name: "m1",
    "listen-client-urls": "https://10.0.0.1:2379",
    "advertise-client-urls": "https://10.0.0.1:2379",
    "listen-peer-urls": "https://10.0.0.1:2380",
    "initial-advertise-peer-urls": "https://10.0.0.1:2380",
  });
  return { ...flags, ...changed };
}

export function etcdWith(changed: Partial<DiscoveredEtcd> = {}): DiscoveredEtcd {
  return { ...discoveredEtcd({}), flags: flagsWith(), ...changed };
}

export function configWith(
  changed: Partial<AgentConfig["etcd"]> = {},
  peers: AgentConfig["peers"] = {},
): AgentConfig {
  return { ...TEST_CONFIG, etcd: { ...TEST_CONFIG.etcd, ...changed }, peers };
}
