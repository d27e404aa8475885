/** What several collectors ask of the agent's probes → what it does: the gentlest of it. */
import type { Settings } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { ProbeSettings } from "./probe.ts";

/**
 * `asked`: by the collectors' places in the configuration. The phase is the first's that gave one: collectors order the same nodes the
 * same way. Comparisons of all members are made for the first collector alone: each collector keeps its own comparisons apart, but knows nothing of
 * another's, and two would have two members read their databases at once.
 */
export function mergeSettings(asked: readonly (Settings | undefined)[]): ProbeSettings {
  const given = asked.filter((settings) => settings !== undefined);
  return {
    fsyncProbePhaseMs: given[0]?.fsyncProbePhaseMs ?? 0,
    fsyncProbeMinIntervalMs: Math.max(0, ...given.map((settings) => settings.fsyncProbeMinIntervalMs)),
    hashRound: asked[0]?.hashRound ?? 0n,
  };
}
