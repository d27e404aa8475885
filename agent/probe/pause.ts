/** The agent's own gaps: when it was not run for seconds, nothing was seen, which must not be taken for silence of etcd. */
import { create } from "@bufbuild/protobuf";
import { EventSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Observation, Probe, ProbeSetup } from "./probe.ts";

/** A busy machine makes a second's tick late by less. */
const LEAST_MS = 2500;

export function createPauseProbe({ config }: ProbeSetup): Probe {
  let lastUs: number | undefined;
  let lastMs = 0;
  let pausedSeconds = 0;

  function run({
    clock,
  }: {
    readonly clock: { nowMs(): number; monotonicUs(): number };
  }): Promise<Observation> {
    const nowMs = clock.nowMs();
    const nowUs = clock.monotonicUs();
    const beforeUs = lastUs;
    const sinceMs = lastMs;
    lastUs = nowUs;
    lastMs = nowMs;
    if (beforeUs === undefined) {
      return Promise.resolve({});
    }
    const gapMs = (nowUs - beforeUs) / 1000 - config.intervals.fastMs;
    if (gapMs < LEAST_MS) {
      return Promise.resolve({});
    }
    pausedSeconds += gapMs / 1000;
    const attributes = { milliseconds: String(Math.round(gapMs)) };
    return Promise.resolve({
      samples: [{ key: "etcdscope_agent_paused_seconds_total", value: pausedSeconds }],
      events: [
        create(EventSchema, {
          atUnixMs: BigInt(Math.round(sinceMs)),
          kind: "agent_paused",
          subject: "agent",
          attributes,
        }),
      ],
    });
  }

  return { name: "pause", cadence: "fast", timeLimitMs: 1000, run };
}
