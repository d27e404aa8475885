/** The machine, its load, and its agent. Rarely changes; read at the slow cadence so that a new host name or boot is seen. */
import { create } from "@bufbuild/protobuf";

import { FactSchema, NodeFactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { ETCDSCOPE_VERSION } from "../../shared/version.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

/** The machine's start as computed from two clocks wanders by less than this; a step of the wall clock is more. */
const BOOT_TIME_TOLERANCE_MS = 2000;

export function createNodeProbe(): Probe {
  let bootedAtMs = 0;

  async function run({ host, clock }: ProbeContext): Promise<Observation> {
    const inventory = host.readNodeInventory();
    const computedMs = clock.nowMs() - host.readUptimeMs();
    if (Math.abs(computedMs - bootedAtMs) > BOOT_TIME_TOLERANCE_MS) {
      bootedAtMs = Math.round(computedMs);
    }
    const value = create(NodeFactSchema, {
      ...inventory,
      bootedAtUnixMs: BigInt(bootedAtMs),
      agentVersion: ETCDSCOPE_VERSION,
    });
    const load = host.findLoad();
    return Promise.resolve({
      samples: load === undefined ? [] : [{ key: "node_load1", value: load }],
      facts: [create(FactSchema, { key: "node", body: { case: "node", value } })],
    });
  }

  return { name: "node", cadence: "slow", timeLimitMs: 1000, run };
}
