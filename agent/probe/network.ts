/** Segments sent, and sent again, in etcd's network namespace: loss shows here before it shows in anything that etcd counts. */
import { PEER_SOCKETS_PROBE } from "./peer-sockets.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

export const NETWORK_PROBE = "network";
/** A segment now and then is lost everywhere. */
const LEAST_HOLES = 2;

export function createNetworkProbe(): Probe {
  /** As of the last look at that process. */
  let before: { readonly pid: number; readonly holes: number } | undefined;

  function run({ host, discovered }: ProbeContext): Promise<Observation> {
    const pid = discovered?.pid;
    if (pid === undefined) {
      before = undefined;
      return Promise.resolve({});
    }
    const counters = host.findTcpCounters(pid);
    const holes = host.findTcpHoles(pid);
    const values: readonly (readonly [string, number | undefined])[] = [
      ["node_netstat_Tcp_OutSegs", counters?.sent],
      ["node_netstat_Tcp_RetransSegs", counters?.retransmits],
      ["etcdscope_tcp_holes_total", holes],
    ];
    const samples = values.flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }]));
    const isLosing = before?.pid === pid && (holes ?? 0) - before.holes >= LEAST_HOLES;
    before = holes === undefined ? undefined : { pid, holes };
    // To which of the others, the connections tell.
    return Promise.resolve(isLosing ? { samples, trigger: [PEER_SOCKETS_PROBE] } : { samples });
  }

  return { name: NETWORK_PROBE, cadence: "normal", timeLimitMs: 1000, run };
}
