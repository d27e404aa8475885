/**
 * What etcd itself says of its health while a read or Status of the own member fails. A healthy one is not asked: it would answer
 * with reads of its own, and one that is not logs a line each time.
 */
import { create } from "@bufbuild/protobuf";
import { EtcdscopeError } from "../../shared/errors.ts";
import { FactSchema, HealthCheckSchema, HealthFactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { parseHealth } from "./parse-health.ts";
import type { HealthResult } from "./parse-health.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

const KEY = "health";
/** While it lasts; etcd logs a line each time. */
const ASK_AGAIN_US = 60_000_000;
/** etcd calls a read failed after 5 s and two election timeouts: 7 s by default. */
const ANSWER_TIMEOUT_MS = 9_000;
const TIME_LIMIT_MS = 12_000;
/** The second is there in every version, and says only yes or no. */
const PATHS = ["/readyz?verbose", "/health"] as const;

export function createHealthProbe(): Probe {
  let fact: Fact | undefined;
  let askedUs = Number.NEGATIVE_INFINITY;

  async function run(context: ProbeContext): Promise<Observation> {
    const { etcd, clock, discovered } = context;
    if (!etcd.isOwnFailing() || discovered?.pid === undefined) {
      fact = undefined;
      askedUs = Number.NEGATIVE_INFINITY;
      return { removedFacts: [KEY] };
    }
    const nowUs = clock.monotonicUs();
    if (fact === undefined || nowUs - askedUs >= ASK_AGAIN_US) {
      askedUs = nowUs;
      fact = await ask(context);
    }
    return { facts: [fact] };
  }

  return {
    name: "health",
    cadence: "normal",
    timeLimitMs: TIME_LIMIT_MS,
    targets: ({ etcd, discovered }) =>
      (etcd.isOwnFailing() && discovered?.pid !== undefined) || fact !== undefined ? [""] : [],
    run,
  };
}

async function ask(context: ProbeContext): Promise<Fact> {
  const { etcd, clock, signal } = context;
  const atMs = clock.nowMs();
  try {
    for (const path of PATHS) {
      const { asked, body } = await etcd.healthBody(path, { signal, timeoutMs: ANSWER_TIMEOUT_MS });
      const checks = parseHealth(body);
      if (checks !== undefined) {
        return createFact(atMs, { asked, checks });
      }
    }
    return createFact(atMs, { problem: "etcd has no page of its health here" });
  } catch (caught) {
    // No answer is one too.
    return createFact(atMs, { problem: EtcdscopeError.from(caught).message });
  }
}

function createFact(
  atMs: number,
  {
    asked = "",
    checks = [],
    problem = "",
  }: { readonly asked?: string; readonly checks?: readonly HealthResult[]; readonly problem?: string },
): Fact {
  const value = create(HealthFactSchema, {
    asked,
    askedAtUnixMs: BigInt(Math.round(atMs)),
    checks: checks.map((check) => create(HealthCheckSchema, check)),
    problem,
  });
  return create(FactSchema, { key: KEY, body: { case: "health", value } });
}
