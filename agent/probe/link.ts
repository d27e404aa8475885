/**
 * How this node reaches the two ports of each other member. The client port is what its Status call shows. The peer
 * port is what the kernel shows of etcd's own connections, and GET /version over a connection of ours: now and then while
 * all is well, at every tick while the link is in doubt.
 */
import { EtcdscopeError } from "../../shared/errors.ts";
import type { Sample } from "../../shared/frame.ts";
import { roughen } from "../../shared/rough-number.ts";
import { seriesKey } from "../../shared/series-key.ts";
import type { EtcdMember } from "../etcd/etcd-door.ts";
import { TcpSocketReader } from "../host/read-tcp-sockets.ts";
import { LinkFactKeeper } from "./link-fact.ts";
import { FIREWALL_PROBE } from "./firewall.ts";
import { LargeLook } from "./large-look.ts";
import { NETWORK_PROBE } from "./network.ts";
import { restUntilTurn } from "./other-members-turns.ts";
import { PEER_SOCKETS_PROBE } from "./peer-sockets.ts";
import { PeerKernelLook } from "./peer-kernel-look.ts";
import type { Observation, Probe, ProbeContext, ProbeSetup } from "./probe.ts";
import { ResendWatch } from "./resend-watch.ts";
import { SampleGate } from "./sample-gate.ts";

/** Above the door's own limit of a call (1.5 s). */
const TIME_LIMIT_MS = 1_800;
/** etcd closes a peer connection that is silent for 5 s: asking a little oftener keeps one open, and costs less than a handshake. */
const ASK_EVERY_US = 3_600_000;
/** An answer that comes within this is part of the same look; a later one is told at the next tick. */
const WAIT_FOR_ANSWER_MS = 250;
/** A peer that does not answer /version within this is not reached; */
const ANSWER_TIMEOUT_MS = 1_500;
/** sooner when the kernel already retransmits to it: two witnesses then agree. */
const SUSPICIOUS_TIMEOUT_MS = 800;
/** A round trip as long as this is told as often as is asked, a usual one now and then: what has become slow is to be known soon. */
const LONG_TRIP_US = 20_000;
/** The kernel's own estimate takes a few segments on each connection to follow. */
const SLOW_TO_ASK_KERNEL_US = 5_000_000;
/** A link that has come into doubt is looked at this often, and the member's own Status with it, */
const DOUBT_AGAIN_MS = 200;
/** for so long: an election and its outcome fall into this time. Afterwards the ticks are enough. */
const DOUBT_FOR_US = 8_000_000;
/** A doubt that lasts so long is worth a look at what may be in the way, since most end sooner: at TCP's own figures and rules of the packet filter, */
const DOUBT_TO_LOOK_AROUND_US = 2_000_000;
/** and at the size of what is sent: a stuck stream is opened anew after 5 s. */
const DOUBT_TO_SEND_LARGE_US = 1_000_000;

/** What is remembered of one port of one member between runs. */
interface Remembered {
  readonly facts: LinkFactKeeper;
  readonly kernel: PeerKernelLook;
  readonly roundTripKey: string;
  askedUs: number;
  asking: Promise<void> | undefined;
  hadError: boolean;
  /** When the doubt began; undefined: there is none. */
  doubtedUs: number | undefined;
  /** What may be in the way was looked for since then. */
  hasLookedAround: boolean;
  readonly large: LargeLook;
  toldRoundTripUs: number;
  /** When the first of the long round trips came that have come since; undefined: the last was short. */
  slowUs: number | undefined;
  /** Connections were asked for since then. */
  hasAskedKernel: boolean;
}

export function createLinkProbe({ config }: ProbeSetup): Probe {
  const remembered = new Map<string, Remembered>();
  const gate = new SampleGate(config.intervals.normalMs);
  const resends = new ResendWatch();
  let reader: TcpSocketReader | undefined;

  function targets({ etcd }: Omit<ProbeContext, "signal" | "target">): readonly string[] {
    const all = etcd.otherMembers().flatMap(({ name }) => [`${name}/client`, `${name}/peer`]);
    if (remembered.size > all.length) {
      for (const target of remembered.keys()) {
        if (!all.includes(target)) {
          remembered.delete(target);
        }
      }
      gate.forgetAll();
    }
    return all;
  }

  async function run(context: ProbeContext): Promise<Observation> {
    const { clock, etcd, host, target } = context;
    const name = target.slice(0, target.lastIndexOf("/"));
    const port = target.endsWith("/peer") ? "peer" : "client";
    const member = etcd.otherMembers().find((other) => other.name === name);
    if (member === undefined) {
      throw new EtcdscopeError("NOT_APPLICABLE", `No other member is named ${name}`);
    }
    let memory = remembered.get(target);
    if (memory === undefined) {
      reader ??= new TcpSocketReader(host.procRoot, clock);
      memory = {
        facts: new LinkFactKeeper(port),
        kernel: new PeerKernelLook(name, config, reader),
        roundTripKey: seriesKey("etcdscope_link_round_trip_seconds", { to: name, port }),
        askedUs: Number.NEGATIVE_INFINITY,
        asking: undefined,
        hadError: false,
        doubtedUs: undefined,
        hasLookedAround: false,
        large: new LargeLook(),
        toldRoundTripUs: Number.NEGATIVE_INFINITY,
        slowUs: undefined,
        hasAskedKernel: false,
      };
      remembered.set(target, memory);
    }
    const look = port === "client" ? lookAtClientPort : lookAtPeerPort;
    return await look(context, member, memory);
  }

  async function lookAtClientPort(
    context: ProbeContext,
    member: EtcdMember,
    memory: Remembered,
  ): Promise<Observation> {
    const { clock, etcd } = context;
    // The status probe asks, in the same tick and before this one.
    await etcd.statusSettled(member.name);
    const look = etcd.findLook(member.name, "client");
    const hasError = look?.error !== undefined;
    const isChanged = hasError !== memory.hadError;
    memory.hadError = hasError;
    const observation = {
      facts: [memory.facts.settle({ member, look, kernel: undefined, large: memory.large }, clock.nowMs())],
      samples: findRoundTrip(memory, look?.roundTripUs, clock.monotonicUs()),
    };
    if (isChanged) {
      // Whether there still is a quorum is the next question.
      return { ...observation, trigger: ["read"] };
    }
    // Until the member is asked again there is nothing new to see.
    return hasError || look === undefined
      ? observation
      : { ...observation, restMs: restUntilTurn(context, member.name, config.intervals.fastMs) };
  }

  async function lookAtPeerPort(
    context: ProbeContext,
    member: EtcdMember,
    memory: Remembered,
  ): Promise<Observation> {
    const { clock, etcd } = context;
    const isFailing =
      etcd.isLate(member.name) ||
      etcd.findLook(member.name, "peer")?.error !== undefined ||
      etcd.findLook(member.name, "client")?.error !== undefined;
    const isSlow = (etcd.findLook(member.name, "peer")?.roundTripUs ?? 0) >= LONG_TRIP_US;
    const kernel = memory.kernel.look(context, member, { isInDoubt: isFailing, isSlow });
    const nowUs = clock.monotonicUs();
    const isInDoubt = isFailing || kernel.state === "failed" || memory.kernel.isSuspicious;
    if (memory.asking === undefined && (isInDoubt || nowUs - memory.askedUs >= ASK_EVERY_US)) {
      memory.askedUs = nowUs;
      memory.asking = askVersion(context, member.name, memory);
    }
    // In doubt, what the kernel shows is told at once, and the answer at the next look, which is near.
    if (memory.asking !== undefined && !isInDoubt) {
      await settleWithin(memory.asking, WAIT_FOR_ANSWER_MS, context);
    }
    const look = etcd.findLook(member.name, "peer");
    const samples = findRoundTrip(memory, look?.roundTripUs, nowUs);
    for (const sample of memory.kernel.samples) {
      gate.add(samples, sample, nowUs);
    }
    memory.doubtedUs = isInDoubt ? (memory.doubtedUs ?? nowUs) : undefined;
    const trigger = [...lookAround(context, member.name, memory)];
    if (resends.isWorthALook(reader?.resent, nowUs)) {
      trigger.push(NETWORK_PROBE);
    }
    memory.slowUs = isSlow ? (memory.slowUs ?? nowUs) : undefined;
    memory.hasAskedKernel = memory.hasAskedKernel && isSlow;
    if (!memory.hasAskedKernel && nowUs - (memory.slowUs ?? nowUs) >= SLOW_TO_ASK_KERNEL_US) {
      memory.hasAskedKernel = true;
      trigger.push(PEER_SOCKETS_PROBE);
    }
    const facts = [memory.facts.settle({ member, look, kernel, large: memory.large }, clock.nowMs())];
    const isFresh = memory.doubtedUs !== undefined && nowUs - memory.doubtedUs < DOUBT_FOR_US;
    return isFresh
      ? { facts, samples, trigger: ["status", ...trigger], againMs: DOUBT_AGAIN_MS }
      : { facts, samples, trigger };
  }

  /** Once a doubt has lasted: is it the size of what is sent, what does TCP itself say, or is it a rule of the packet filter? The probes to ask. */
  function lookAround(context: ProbeContext, name: string, memory: Remembered): readonly string[] {
    const { clock, etcd } = context;
    const nowUs = clock.monotonicUs();
    if (memory.doubtedUs === undefined) {
      memory.hasLookedAround = false;
      if (memory.large.state === "failed") {
        // etcd has only opened its streams anew: whether it is over, another request tells.
        memory.large.look(context, name);
      }
      memory.large.settle(context);
      return [];
    }
    const doubtForUs = nowUs - memory.doubtedUs;
    const client = etcd.findLook(name, "client");
    const passesSmall = client !== undefined && client.error === undefined && !etcd.isLate(name);
    if (passesSmall && doubtForUs >= DOUBT_TO_SEND_LARGE_US) {
      memory.large.look(context, name);
    }
    if (memory.hasLookedAround || doubtForUs < DOUBT_TO_LOOK_AROUND_US) {
      return [];
    }
    memory.hasLookedAround = true;
    return [PEER_SOCKETS_PROBE, FIREWALL_PROBE];
  }

  function findRoundTrip(memory: Remembered, roundTripUs: number | undefined, nowUs: number): Sample[] {
    const isLong = roundTripUs !== undefined && roundTripUs >= LONG_TRIP_US;
    const everyUs = isLong && memory.asking === undefined ? ASK_EVERY_US : config.intervals.normalMs * 1000;
    // A little less than the interval: the ticks it falls on are not exact.
    if (roundTripUs === undefined || nowUs - memory.toldRoundTripUs < everyUs * 0.95) {
      return [];
    }
    memory.toldRoundTripUs = nowUs;
    return [{ key: memory.roundTripKey, value: roughen(roundTripUs) / 1e6 }];
  }

  return { name: "link", cadence: "fast", timeLimitMs: TIME_LIMIT_MS, targets, run };
}

/** Never rejects: what came of it is the door's last look. */
async function askVersion({ etcd }: ProbeContext, name: string, memory: Remembered): Promise<void> {
  try {
    // A signal of its own: an answer that comes after this run's end is still an answer.
    const timeoutMs = memory.kernel.isSuspicious ? SUSPICIOUS_TIMEOUT_MS : ANSWER_TIMEOUT_MS;
    await etcd.peerVersion(name, { signal: new AbortController().signal, timeoutMs });
  } catch {
    // In the look.
  } finally {
    memory.asking = undefined;
  }
}

async function settleWithin(promise: Promise<void>, limitMs: number, { clock }: ProbeContext): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = clock.after(limitMs, resolve);
    void promise.then(() => {
      timer.cancel();
      resolve();
    });
  });
}
