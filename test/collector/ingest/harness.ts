/** A collector's ingest on a free port with real certificates, and agents that connect to it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ReceivedFrame } from "../../../shared/frame.ts";
import { systemClock, type Clock } from "../../../shared/clock.ts";
import { createStreamClient, type StreamClient } from "../../../agent/stream/stream-client.ts";
import type { ClockOffset } from "../../../shared/frame.ts";
import type { Settings } from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import { createSequenceSet } from "../../../shared/sequence-set.ts";
import type { WaitingFrame } from "../../../collector/history/waiting-frame.ts";
import {
  createIngest,
  type FrameStore,
  type Ingest,
  type IngestOptions,
} from "../../../collector/ingest/ingest.ts";
import { createTestLog, createTestQueue, testFrame } from "./test-frames.ts";
import {
  agentName,
  createAuthority,
  issue,
  LOOPBACK,
  type IssuedFiles,
  type IssueOptions,
  type TestAuthority,
} from "./test-pki.ts";

/** Keeps frames in memory; can be told to fail, or to wait. */
export function createMemoryStore(): FrameStore & {
  readonly frames: ReceivedFrame[];
  failing: Error | undefined;
} {
  const store = {
    frames: [] as ReceivedFrame[],
    failing: undefined as Error | undefined,
    encode: (received: ReceivedFrame) => received,
    append: (frames: readonly WaitingFrame[]): Promise<void> => {
      if (store.failing !== undefined) {
        return Promise.reject(store.failing);
      }
      store.frames.push(...frames.filter((waiting) => "frame" in waiting));
      return Promise.resolve();
    },
    heldSequences: (agent: { readonly node: string }, instanceId: string) => {
      const held = createSequenceSet();
      for (const one of store.frames) {
        if (one.agent.node === agent.node && one.instanceId === instanceId) {
          held.add(one.frame.sequence);
        }
      }
      return Promise.resolve(held.ranges());
    },
  };
  return store;
}

export interface Harness {
  readonly ingest: Ingest;
  readonly port: number;
  readonly authority: TestAuthority;
  readonly folder: string;
  readonly log: ReturnType<typeof createTestLog>;
  readonly live: ReceivedFrame[];
  readonly streamStates: string[];
  issue(options: IssueOptions): Promise<IssuedFiles>;
  agent(options: AgentOptions): Promise<TestAgent>;
  stop(): Promise<void>;
}

export interface AgentOptions {
  readonly node: string;
  readonly cluster?: string;
  /** Instead of a good certificate. */
  readonly tls?: IssuedFiles;
  readonly port?: number;
  readonly instanceId?: string;
  /** A stream of what the agent had kept. */
  readonly isForKept?: boolean;
}

export interface TestAgent {
  readonly client: StreamClient;
  readonly queue: ReturnType<typeof createTestQueue>;
  readonly log: ReturnType<typeof createTestLog>;
  readonly offsets: ClockOffset[];
  readonly settings: Settings[];
  /** Appends the next frames to the queue. */
  push(count: number, frames?: { readonly nextInMs: number }): void;
}

/** `authority`: agents of another harness are trusted as well. */
export async function createHarness(
  store: FrameStore = createMemoryStore(),
  special: Partial<Pick<Harness, "authority">> &
    Pick<IngestOptions, "planHold" | "maxStreams" | "pendingBytes"> & { readonly revoked?: string } = {},
  clock: Clock = systemClock,
): Promise<Harness> {
  const folder = mkdtempSync(join(tmpdir(), "etcdscope-ingest-"));
  const authority = special.authority ?? (await createAuthority(folder));
  const tls = await issue(authority, { name: "collector", names: LOOPBACK });
  const log = createTestLog();
  const live: ReceivedFrame[] = [];
  const streamStates: string[] = [];
  const clients: StreamClient[] = [];
  const ingest = createIngest({
    config: { host: "127.0.0.1", port: 0, tls, revoked: special.revoked },
    history: store,
    clock,
    log,
    onFrames: (frames) => live.push(...frames),
    ...(special.planHold && { planHold: special.planHold }),
    ...(special.maxStreams && { maxStreams: special.maxStreams }),
    ...(special.pendingBytes !== undefined && { pendingBytes: special.pendingBytes }),
    onStreamState: (agent, state) => streamStates.push(`${agent.node} ${state}`),
  });
  const port = await ingest.start();

  async function agent(options: AgentOptions): Promise<TestAgent> {
    const cluster = options.cluster ?? "prod-a";
    const names = agentName(cluster, options.node);
    const agentTls = options.tls ?? (await issue(authority, { name: `agent-${options.node}`, names }));
    const queue = createTestQueue();
    const agentLog = createTestLog();
    const offsets: ClockOffset[] = [];
    const settings: Settings[] = [];
    let sequence = 0n;
    const client = createStreamClient({
      collector: `127.0.0.1:${options.port ?? port}`,
      tls: agentTls,
      hello: {
        cluster,
        node: options.node,
        agentVersion: "0.1.0",
        bootId: "boot",
        instanceId: options.instanceId ?? `run-of-${options.node}`,
      },
      queue,
      clock: systemClock,
      log: agentLog,
      isForKept: options.isForKept ?? false,
      onStreamOpen: () => undefined,
      onStreamClosed: () => undefined,
      onSettings: (one) => settings.push(one),
      onClockOffset: (offset) => offsets.push(offset),
    });
    clients.push(client);
    client.start();
    function push(count: number, frames?: { readonly nextInMs: number }): void {
      for (let i = 0; i < count; i += 1) {
        sequence += 1n;
        queue.push(testFrame(sequence));
      }
      client.notify(frames?.nextInMs);
    }
    return { client, queue, log: agentLog, offsets, settings, push };
  }

  async function stop(): Promise<void> {
    for (const client of clients) {
      client.stop();
    }
    await ingest.stop();
    rmSync(folder, { recursive: true, force: true });
  }

  return {
    ingest,
    port,
    authority,
    folder,
    log,
    live,
    streamStates,
    issue: (options) => issue(authority, options),
    agent,
    stop,
  };
}
