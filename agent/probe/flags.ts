/** The configuration that etcd runs with, as discovery read it from the process, secrets redacted. */
import { create } from "@bufbuild/protobuf";

import { FactSchema, FlagsFactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { assertDiscovered } from "./assert-discovered.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

export function createFlagsProbe(): Probe {
  async function run(context: ProbeContext): Promise<Observation> {
    const { flags, configuredBy = "" } = assertDiscovered(context);
    const value = create(FlagsFactSchema, {
      flags: { ...flags.all },
      given: [...flags.given],
      name: flags.name,
      dataDir: flags.dataDir,
      walDir: flags.walDir,
      configuredBy,
    });
    return Promise.resolve({
      facts: [create(FactSchema, { key: "flags", body: { case: "flags", value } })],
    });
  }

  return { name: "flags", cadence: "slow", timeLimitMs: 1000, run };
}
