/**
 * Whether all members store the same: each member's hash at one revision, asked one after the other over the connections
 * that are there. A hash makes a member read its whole database, so this runs only when a collector asks one agent for it.
 */
import { create } from "@bufbuild/protobuf";
import { EtcdscopeError } from "../../shared/errors.ts";
import { FactSchema, HashKvFactSchema, MemberHashSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Fact, MemberHash } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Observation, Probe, ProbeContext, ProbeSetup } from "./probe.ts";

export const HASH_KV_PROBE = "hash_kv";

/** Twice seven members of 8 GiB on a disk that is not the fastest. */
const TIME_LIMIT_MS = 600_000;
/** A difference is looked at a second time, at a later revision: a compaction under way can look like one. */
const CONFIRM_AFTER_MS = 3000;
/**
 * What passes by itself: a follower applies what the own member has within a heartbeat or two, a connection that ended is made
 * anew, and a member that has just been started again answers soon. A comparison is too rare and too dear to be given up for it.
 */
const PASSING: ReadonlySet<string> = new Set([
  "future_revision",
  "reset",
  "refused",
  "unavailable",
  "no_leader",
]);
const RETRY_AFTER_MS = 250;
const MAX_TRIES = 40;

type Told =
  | { readonly hash: number; readonly compactRevision: bigint }
  | { readonly problem: string; readonly isLate: boolean };

interface Look {
  readonly revision: bigint;
  readonly members: readonly MemberHash[];
  /** A member did not answer in time, and may still be reading: nobody else is asked, and nobody again. */
  readonly isCutShort: boolean;
}

export function createHashKvProbe({ settings }: ProbeSetup): Probe {
  let lastRound = 0n;
  let fact: Fact | undefined;

  function askedRound(): bigint {
    return settings?.().hashRound ?? 0n;
  }

  async function run(context: ProbeContext): Promise<Observation> {
    const round = askedRound();
    if (round > lastRound) {
      // Spent, whatever comes of it: the collector asks again when it wants to.
      lastRound = round;
      fact = await compare(context, round);
    }
    return fact === undefined ? {} : { facts: [fact] };
  }

  return {
    name: HASH_KV_PROBE,
    cadence: "slow",
    timeLimitMs: TIME_LIMIT_MS,
    // What was found holds until the next comparison.
    targets: () => (askedRound() > lastRound || fact !== undefined ? [""] : []),
    run,
  };
}

async function compare(context: ProbeContext, round: bigint): Promise<Fact> {
  let look = await lookAtAll(context);
  let looks = 1;
  if (!look.isCutShort && !isSame(look)) {
    await pause(context, CONFIRM_AFTER_MS);
    look = await lookAtAll(context);
    looks = 2;
  }
  const value = create(HashKvFactSchema, {
    round,
    comparedAtUnixMs: BigInt(Math.round(context.clock.nowMs())),
    revision: look.revision,
    members: [...look.members],
    looks,
  });
  return create(FactSchema, { key: HASH_KV_PROBE, body: { case: "hashKv", value } });
}

async function lookAtAll(context: ProbeContext): Promise<Look> {
  const { etcd, discovered } = context;
  const { revision } = await tryAgain(context, async () => await etcd.ownStatus(context));
  const others = etcd.otherMembers().map(({ id, name }) => ({ id, name, asked: name }));
  const all = [{ id: etcd.ownMemberId(), name: discovered?.flags.name ?? "", asked: "" }, ...others];
  const members: MemberHash[] = [];
  let late: string | undefined;
  for (const { id, name, asked } of all) {
    if (late !== undefined) {
      const problem = `Not asked: ${late} did not answer in time and may still be reading its database`;
      members.push(create(MemberHashSchema, { memberId: id, name, problem }));
      continue;
    }
    const beginUs = context.clock.monotonicUs();
    const { isLate, ...told } = { isLate: false, ...(await ask(context, asked, revision)) };
    late = isLate ? name : undefined;
    const durationMs = Math.round((context.clock.monotonicUs() - beginUs) / 1000);
    members.push(create(MemberHashSchema, { memberId: id, name, durationMs, ...told }));
  }
  return { revision, members, isCutShort: late !== undefined };
}

async function ask(context: ProbeContext, name: string, revision: bigint): Promise<Told> {
  try {
    const { hash, compactRevision } = await tryAgain(
      context,
      async () => await context.etcd.hashKv(name, revision, context.signal),
    );
    return { hash, compactRevision };
  } catch (caught) {
    context.signal.throwIfAborted();
    const { message, reason, code } = EtcdscopeError.from(caught);
    // etcd goes on with a hash that nobody waits for any more.
    return { problem: message, isLate: code === "TIMED_OUT" || reason === "timeout" };
  }
}

async function tryAgain<T>(context: ProbeContext, call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (caught) {
      context.signal.throwIfAborted();
      if (!PASSING.has(EtcdscopeError.from(caught).reason ?? "") || tries === MAX_TRIES) {
        throw caught;
      }
    }
    await pause(context, RETRY_AFTER_MS);
  }
}

/** Everybody told, and the same. */
function isSame({ members: [first, ...others] }: Look): boolean {
  return (
    first !== undefined &&
    first.problem === "" &&
    others.every(
      ({ hash, compactRevision, problem }) =>
        problem === "" && hash === first.hash && compactRevision === first.compactRevision,
    )
  );
}

async function pause({ clock, signal }: ProbeContext, forMs: number): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve) => clock.after(forMs, resolve));
  signal.throwIfAborted();
}
