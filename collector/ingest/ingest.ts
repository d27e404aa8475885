/** Ingest as a whole: the port, the agents' streams, the live view's callbacks and the commits, wired together. */
import { create } from "@bufbuild/protobuf";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { AgentIdentity, Frame, ReceivedFrame } from "../../shared/frame.ts";
import {
  Reason,
  SettingsSchema,
  type Hello,
  type Settings,
} from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { Logger } from "../../shared/log-line.ts";
import type { SequenceRange } from "../../shared/sequence-set.ts";
import type { CollectorConfig } from "../config.ts";
import type { WaitingFrame } from "../history/waiting-frame.ts";
import { createAgentStream, type AgentStream, type StreamEvents } from "./agent-stream.ts";
import { COMMIT_LIMITS, createCommitQueue, type CommitQueue, type StreamKind } from "./commit-queue.ts";
import { createIngestCounters, type IngestCounters } from "./counters.ts";
import { parseIdentity } from "./identity.ts";
import { createListener, type EnrolmentDoor, type Listener } from "./listener.ts";
import { createService, type IncomingCall, type Service } from "./service.ts";
import { planFsyncPhases, planHoldMs } from "./settings.ts";
import { createStaleOffset, type StaleOffset } from "./stale-offset.ts";
import { createStreamRegistry, type StreamRegistry } from "./stream-registry.ts";

/** Streams of each kind: agents that bring what they had kept keep no other agent out. */
const MAX_STREAMS: Readonly<Record<StreamKind, number>> = { live: 10_000, kept: 10_000 };
/** A welcome does not wait longer for the history: without its answer the agent sends what it holds. */
const RESUME_LIMIT_MS = 2000;
/** At a stop, commits have this long. */
const DRAIN_LIMIT_MS = 3000;

/** What ingest needs of the history. */
export interface FrameStore {
  /** What a frame waits as until it is durable. */
  encode(received: ReceivedFrame, lane: StreamKind): WaitingFrame;
  append(frames: readonly WaitingFrame[]): Promise<void>;
  /** What is durable of an agent's instance, ascending and apart. */
  heldSequences(agent: AgentIdentity, instanceId: string): Promise<readonly SequenceRange[]>;
}

export interface IngestOptions {
  readonly config: Pick<CollectorConfig["grpc"], "host" | "port" | "tls"> & {
    readonly revoked?: string | undefined;
  };
  readonly history: FrameStore;
  readonly enrolment?: EnrolmentDoor | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** As they arrive, before they are durable: for the live view. Frames may come twice after a reconnect. */
  readonly onFrames: (frames: readonly ReceivedFrame[]) => void;
  readonly onStreamState: (agent: AgentIdentity, state: "open" | "closed", nowMs: number) => void;
  /** Asked at each welcome and when the phase changes. By default: the phase and nothing else. */
  readonly settingsFor?: (agent: AgentIdentity, fsyncProbePhaseMs: number) => Settings;
  /** How long agents hold frames without news, by how many there are. */
  readonly planHold?: (agents: number, beforeMs: number) => number;
  /** Streams of each kind, at most. */
  readonly maxStreams?: Readonly<Record<StreamKind, number>>;
  /** COMMIT_LIMITS.pendingBytes when absent. */
  readonly pendingBytes?: number;
  /** Before the receipt of each frame is written down. */
  readonly beforeReceipt?: () => void;
}

export interface Ingest {
  /** Resolves to the bound port. */
  start(): Promise<number>;
  /** Tells every agent, waits for the commits at hand, closes. */
  stop(): Promise<void>;
  /** Sends settings to an agent whose stream is open. */
  pushSettings(agent: AgentIdentity, settings: Settings): void;
  /** The wall clock was set by so much: what agents have measured against it before is put right. */
  moveTimes(byMs: number): void;
  /** How long agents hold frames without news, now. */
  holdMs(): number;
  /** This name will not be back. */
  forget(agent: AgentIdentity): void;
  /** Live: read, do not keep. */
  readonly counters: Readonly<IngestCounters>;
}

interface Session {
  readonly agent: AgentIdentity;
  readonly stream: AgentStream;
  readonly instanceId: string;
  readonly agentVersion: string;
  /** One of what the agent had kept goes beside the live one, which speaks for the agent. */
  readonly kind: StreamKind;
  readonly staleOffset: StaleOffset;
}

export function createIngest(options: IngestOptions): Ingest {
  const { clock, log, history } = options;
  const counters = createIngestCounters();
  const registries: Readonly<Record<StreamKind, StreamRegistry<Session>>> = {
    live: createStreamRegistry<Session>(),
    kept: createStreamRegistry<Session>(),
  };
  const registry = registries.live;
  const maxStreams = options.maxStreams ?? MAX_STREAMS;
  const sessions = new Map<AgentStream, Session>();
  /** By cluster/node. */
  const dropped = new Map<string, { readonly instanceId: string; readonly total: bigint }>();
  const isPressed: Record<StreamKind, boolean> = { live: false, kept: false };
  let holdMs = 0;
  const phases = new Map<string, ReadonlyMap<string, number>>();
  const queue: CommitQueue<AgentStream, WaitingFrame> = createCommitQueue<AgentStream, WaitingFrame>({
    append: (frames) => history.append(frames),
    gatherMs: () => (holdMs > 0 ? COMMIT_LIMITS.gatherManyMs : COMMIT_LIMITS.gatherMs),
    clock,
    counters,
    ...(options.pendingBytes !== undefined && { pendingBytes: options.pendingBytes }),
    onDurable: (stream, sequence) => stream.acknowledge(sequence),
    onPressure: (kind, isHigh) => {
      isPressed[kind] = isHigh;
      for (const { stream } of registries[kind].all()) {
        stream.setPressure(isHigh);
      }
    },
    onLetGo: (streams) => {
      log.info({ streams: streams.length }, "History is back: agents send again what was not kept.");
      for (const stream of streams) {
        stream.refuse({
          reason: Reason.OVERLOADED,
          text: "Frames were not kept: send them again",
          retryable: true,
        });
      }
    },
  });
  const events: StreamEvents = { onHello, onFrame, onDuplicate, onRefused, onSlowed };
  const service: Service = createService({ onCall, onClosed });
  const listener: Listener = createListener({
    ...options.config,
    revoked: options.config.revoked,
    enrolment: options.enrolment,
    clock,
    log,
    counters,
    onConnection: (socket) => service.inject(socket),
  });

  function onCall(call: IncomingCall): AgentStream {
    const identity = parseIdentity(call.subjectAltName);
    return createAgentStream({ identity, remote: call.remote, transport: call.transport, events, clock });
  }

  function onHello(stream: AgentStream, hello: Hello): void {
    const kind: StreamKind = hello.backFill ? "kept" : "live";
    if (registries[kind].size() >= maxStreams[kind]) {
      const text = `Expected at most ${maxStreams[kind]} agents`;
      stream.refuse({ reason: Reason.OVERLOADED, text, retryable: true, retryAfterMs: 10_000 });
      return;
    }
    const agent: AgentIdentity = { cluster: hello.cluster, node: hello.node };
    const session: Session = {
      agent,
      stream,
      instanceId: hello.instanceId,
      agentVersion: hello.agentVersion,
      kind,
      staleOffset: createStaleOffset(),
    };
    sessions.set(stream, session);
    listener.keep(stream.remote);
    readHeld(session)
      .then((held) => open(session, held))
      .catch((error: unknown) => log.error({ error }, "Stream could not be opened."));
  }

  /** Nothing when the history does not answer: what it has already, it will not take twice. */
  function readHeld(session: Session): Promise<readonly SequenceRange[]> {
    return new Promise((resolve) => {
      const limit = clock.after(RESUME_LIMIT_MS, () => resolve([]));
      history
        .heldSequences(session.agent, session.instanceId)
        .catch((error: unknown) => {
          log.warn(
            { error, ...session.agent },
            "History does not say where to resume; the agent sends all it holds.",
          );
          return [];
        })
        .then((held) => {
          limit.cancel();
          resolve(held);
        })
        .catch(() => undefined);
    });
  }

  function open(session: Session, held: readonly SequenceRange[]): void {
    if (!sessions.has(session.stream)) {
      return; // it went while the history was asked
    }
    const { agent, stream, kind } = session;
    const replaced = registries[kind].register(agent, session);
    countStreams();
    if (kind === "live") {
      planPhases(agent.cluster);
    }
    stream.welcome(held, settingsFor(agent));
    log.info(
      {
        ...agent,
        remote: stream.remote,
        agentVersion: session.agentVersion,
        held: held.map(({ first, last }) => `${first}-${last}`).slice(-3),
      },
      kind === "kept" ? "Stream of what an agent had kept is open." : "Stream of an agent is open.",
    );
    if (isPressed[kind]) {
      stream.setPressure(true);
    }
    if (kind === "live") {
      options.onStreamState(agent, "open", clock.nowMs());
    }
    replaced?.stream.refuse({
      reason: Reason.REPLACED,
      text: `A newer stream of ${agent.cluster}/${agent.node} from ${stream.remote} took over`,
    });
  }

  function settingsFor(agent: AgentIdentity): Settings {
    const phaseMs = phases.get(agent.cluster)?.get(agent.node) ?? 0;
    return (
      options.settingsFor?.(agent, phaseMs) ??
      create(SettingsSchema, { fsyncProbePhaseMs: phaseMs, holdFramesMs: holdMs })
    );
  }

  /** With each that comes or goes the fleet may have become a large one, or none any more. */
  function countStreams(): void {
    counters.streams = registry.size();
    const before = holdMs;
    holdMs = (options.planHold ?? planHoldMs)(counters.streams, before);
    if (holdMs !== before) {
      log.info({ agents: counters.streams, holdMs }, "Agents hold frames without news for so long.");
      for (const { agent, stream } of registry.all()) {
        stream.sendSettings(settingsFor(agent));
      }
    }
  }

  /** A node that is new moves the others' phases; one that goes leaves its place, for it will be back. */
  function planPhases(cluster: string): void {
    const before = phases.get(cluster);
    const after = planFsyncPhases([...(before?.keys() ?? []), ...registry.nodesOf(cluster)]);
    phases.set(cluster, after);
    for (const [node, phaseMs] of after) {
      if (before !== undefined && before.get(node) !== phaseMs) {
        registry.find({ cluster, node })?.stream.sendSettings(settingsFor({ cluster, node }));
      }
    }
  }

  function onFrame(stream: AgentStream, taken: Parameters<StreamEvents["onFrame"]>[1]): void {
    const session = sessions.get(stream);
    if (session === undefined) {
      return;
    }
    options.beforeReceipt?.();
    const { agent, instanceId, agentVersion, kind } = session;
    // What an agent had kept was measured when it was captured.
    const frame = kind === "kept" ? taken.frame : session.staleOffset.correct(taken.frame);
    const received: ReceivedFrame = {
      agent,
      instanceId,
      agentVersion,
      receivedAtMs: clock.nowMs(),
      frame,
    };
    counters.framesTotal += 1;
    counters.samplesTotal += taken.frame.samples.length;
    counters.bytesTotal += taken.bytes;
    countDropped(session, taken.frame);
    let waiting: WaitingFrame;
    try {
      waiting = history.encode(received, kind);
    } catch (error) {
      // one that can never be stored would keep all that came with it from being so
      const text = `Expected a frame that can be stored: ${EtcdscopeError.from(error).message}`;
      stream.refuse({ reason: Reason.PROTOCOL_ERROR, text });
      return;
    }
    queue.add({ stream, kind, waiting, sequence: frame.sequence, bytes: taken.bytes });
    try {
      options.onFrames([received]);
    } catch (error) {
      log.error({ error, ...agent }, "Frame could not be shown.");
    }
  }

  /** An agent tells how many it dropped since it started, for this collector. */
  function countDropped({ agent, instanceId, kind }: Session, { droppedTotal }: Frame): void {
    const key = `${agent.cluster}/${agent.node}`;
    const known = dropped.get(key);
    const before = known?.instanceId === instanceId ? known.total : 0n;
    const isTold = kind === "live" && droppedTotal > before;
    if (isTold && (known !== undefined || dropped.size < MAX_STREAMS.live)) {
      counters.missingFramesTotal += Number(droppedTotal - before);
      dropped.set(key, { instanceId, total: droppedTotal });
    }
  }

  function onDuplicate(): void {
    counters.duplicateFramesTotal += 1;
  }

  function onSlowed(): void {
    counters.slowedTotal += 1;
  }

  function onRefused(stream: AgentStream, refusal: Parameters<StreamEvents["onRefused"]>[1]): void {
    const reason = Reason[refusal.reason] ?? String(refusal.reason);
    counters.refusalsTotal.set(reason, (counters.refusalsTotal.get(reason) ?? 0) + 1);
    log.warn(
      { reason, text: refusal.text, remote: stream.remote, ...stream.identity },
      "Stream of an agent was refused.",
    );
    onClosed(stream);
  }

  function onClosed(stream: AgentStream): void {
    const session = sessions.get(stream);
    if (sessions.delete(stream)) {
      listener.release(stream.remote);
    }
    if (session === undefined || !registries[session.kind].unregister(session.agent, session)) {
      return;
    }
    countStreams();
    if (session.kind === "kept") {
      log.info({ ...session.agent, remote: stream.remote }, "Stream of what an agent had kept is closed.");
    } else {
      log.info({ ...session.agent, remote: stream.remote }, "Stream of an agent is closed.");
      options.onStreamState(session.agent, "closed", clock.nowMs());
    }
  }

  async function stop(): Promise<void> {
    const text = "The collector is shutting down";
    await Promise.race([queue.drain(), new Promise<void>((resolve) => clock.after(DRAIN_LIMIT_MS, resolve))]);
    for (const stream of sessions.keys()) {
      stream.refuse({ reason: Reason.SHUTTING_DOWN, text, retryable: true });
    }
    // the refusals leave with this turn's writes
    await new Promise<void>((resolve) => clock.after(100, resolve));
    service.stop();
    listener.stop();
  }

  return {
    start: () => listener.start(),
    stop,
    moveTimes: (byMs) => {
      for (const { staleOffset } of sessions.values()) {
        staleOffset.clockSet(byMs);
      }
    },
    pushSettings: (agent, settings) => registry.find(agent)?.stream.sendSettings(settings),
    holdMs: () => holdMs,
    forget: ({ cluster, node }) => {
      dropped.delete(`${cluster}/${node}`);
      const left = new Map(phases.get(cluster));
      left.delete(node);
      if (left.size > 0) {
        phases.set(cluster, left);
      } else {
        phases.delete(cluster);
      }
    },
    counters,
  };
}
