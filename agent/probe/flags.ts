/**
 * The configuration that etcd runs with, as discovery read it from the process, secrets redacted. Which defaults it has is of its
 * version, which only its own answer tells.
 */
import { create } from "@bufbuild/protobuf";

import { findDefaultsVersion, VERSION_DEFAULTS } from "../discovery/etcd-flag-defaults.ts";
import { FactSchema, FlagsFactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { assertDiscovered } from "./assert-discovered.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

export function createFlagsProbe(): Probe {
  async function run(context: ProbeContext): Promise<Observation> {
    const { flags, configuredBy = "", hostPaths = {} } = assertDiscovered(context);
    const defaultsVersion = findDefaultsVersion(context.etcd.ownVersion());
    const value = create(FlagsFactSchema, {
      flags: {
        ...(defaultsVersion === undefined ? {} : VERSION_DEFAULTS[defaultsVersion]),
        ...flags.all,
      },
      given: [...flags.given],
      name: flags.name,
      dataDir: flags.dataDir,
      walDir: flags.walDir,
      defaultsVersion: defaultsVersion ?? "",
      configuredBy,
      hostPaths: Object.fromEntries(Object.entries(hostPaths).filter(([path, host]) => path !== host)),
    });
    return Promise.resolve({
      facts: [create(FactSchema, { key: "flags", body: { case: "flags", value } })],
    });
  }

  return { name: "flags", cadence: "slow", timeLimitMs: 1000, run };
}
