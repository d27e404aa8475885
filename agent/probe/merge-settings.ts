/** What several collectors ask of the agent's probes → what it does: the gentlest of it. */
import type { Settings } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { ProbeSettings } from "./probe.ts";

/** The phase is the first collector's that gave one: collectors order the same nodes the same way. */
export function mergeSettings(asked: readonly (Settings | undefined)[]): ProbeSettings {
  const given = asked.filter((settings) => settings !== undefined);
  return {
    fsyncProbePhaseMs: given[0]?.fsyncProbePhaseMs ?? 0,
    fsyncProbeMinIntervalMs: Math.max(0, ...given.map((settings) => settings.fsyncProbeMinIntervalMs)),
    hashRound: given.reduce((largest, { hashRound }) => (hashRound > largest ? hashRound : largest), 0n),
  };
}
