/** One-key reads of the own member: serializable tells whether it answers, linearizable whether it has a quorum. */
import { roughen } from "../../shared/rough-number.ts";
import { seriesKey } from "../../shared/series-key.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

const CONSISTENCIES = ["serializable", "linearizable"] as const;

/** Above the door's own limit of a linearizable read (3 s), so that the door's reason is the one that is told. */
const TIME_LIMIT_MS = 3_300;

const DURATION_KEYS = {
  serializable: seriesKey("etcdscope_read_duration_seconds", { consistency: "serializable" }),
  linearizable: seriesKey("etcdscope_read_duration_seconds", { consistency: "linearizable" }),
};

export function createReadProbe(): Probe {
  return {
    name: "read",
    cadence: "normal",
    timeLimitMs: TIME_LIMIT_MS,
    targets: () => CONSISTENCIES,
    run: readOnce,
  };
}

async function readOnce({ etcd, clock, signal, target }: ProbeContext): Promise<Observation> {
  const consistency = target === "linearizable" ? "linearizable" : "serializable";
  const beginUs = clock.monotonicUs();
  await etcd.read(consistency, signal);
  const value = roughen(clock.monotonicUs() - beginUs) / 1e6;
  return { samples: [{ key: DURATION_KEYS[consistency], value }] };
}
