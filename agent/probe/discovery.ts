/** Looks whether the watched etcd is still the same process: listed first, so that the other probes of a tick see its answer. */
import type { Discovery } from "../discovery/discovery.ts";
import type { Probe } from "./probe.ts";

export function createDiscoveryProbe(discovery: Pick<Discovery, "refresh">): Probe {
  return {
    name: "discovery",
    cadence: "fast",
    timeLimitMs: 1000,
    run: () => {
      discovery.refresh();
      return Promise.resolve({});
    },
  };
}
