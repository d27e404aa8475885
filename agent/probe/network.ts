/** Segments sent, and sent again, in etcd's network namespace: loss shows here before it shows in anything that etcd counts. */
import type { Observation, Probe, ProbeContext } from "./probe.ts";

export function createNetworkProbe(): Probe {
  function run({ host, discovered }: ProbeContext): Promise<Observation> {
    const counters = discovered?.pid === undefined ? undefined : host.findTcpCounters(discovered.pid);
    const values: readonly (readonly [string, number | undefined])[] = [
      ["node_netstat_Tcp_OutSegs", counters?.sent],
      ["node_netstat_Tcp_RetransSegs", counters?.retransmits],
    ];
    return Promise.resolve({
      samples: values.flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }])),
    });
  }

  return { name: "network", cadence: "normal", timeLimitMs: 1000, run };
}
