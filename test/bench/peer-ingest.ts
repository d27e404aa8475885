/** What a peer takes of the same frames by remote write, and what that costs it. */
import { join } from "node:path";
import { systemClock } from "../../shared/clock.ts";
import type { Frame, ReceivedFrame } from "../../shared/frame.ts";
import { startPrometheus, startVictoriaMetrics, type Receiver } from "../lab/receivers.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { createNoise } from "./noise.ts";
import { writeRemotely } from "./peer-load.ts";
import { readCpuSeconds } from "./process-usage.ts";

export type StartPeer = typeof startPrometheus;

export const PEERS: readonly (readonly [string, StartPeer])[] = [
  ["Prometheus", startPrometheus],
  ["VictoriaMetrics", startVictoriaMetrics],
];

/** One frame of each of so many agents in a request, as a relay would join them. */
export const AGENTS_A_REQUEST = 60;
export const CONNECTIONS = 4;
const WARM_UP_ROUNDS = 20;

export interface PeerIngest {
  readonly samplesASecond: number;
  readonly samplesACpuSecond: number;
}

export interface PeerIngestOptions {
  /** Every frame has every series, so that a request holds as much as one of wide frames: a series twice at one time would be refused. */
  readonly isDense: boolean;
  readonly watchSeconds: number;
}

export async function withPeer<T>(
  folder: string,
  start: StartPeer,
  use: (receiver: Receiver, folder: string) => Promise<T>,
): Promise<T> {
  const receiver = await start(folder);
  if (receiver.kind === "unavailable") {
    throw new Error(`A peer cannot be had here: ${receiver.because}`);
  }
  try {
    return await use(receiver, folder);
  } finally {
    await receiver.stop();
  }
}

/** Each connection has agents of its own, whose time runs as fast as they are taken. The first rounds make the series. */
export async function measurePeerIngest(
  start: StartPeer,
  real: readonly Frame[],
  { isDense, watchSeconds }: PeerIngestOptions,
): Promise<PeerIngest> {
  const dir = await createRunFolder();
  try {
    return await withPeer(join(dir, "ingest"), start, async (receiver) =>
      saturate(receiver, createWrites(real, isDense), watchSeconds),
    );
  } finally {
    await removeFolderWithMounts(dir);
  }
}

function createWrites(
  real: readonly Frame[],
  isDense: boolean,
): (url: string, connection: number) => Promise<number> {
  const next = createNoise(real, { isDense });
  let second = 0;
  const startMs = systemClock.nowMs() - 1_800_000;
  return async (url, connection) => {
    second += 1;
    const frame = next(second, startMs + second * 1000);
    const agents = Array.from({ length: AGENTS_A_REQUEST }, (_, i) => connection * AGENTS_A_REQUEST + i);
    return await writeRemotely(
      url,
      agents.map((agent) => receiveAs(frame, `m${agent}`)),
    );
  };
}

async function saturate(
  { url, pid }: Receiver,
  write: (url: string, connection: number) => Promise<number>,
  watchSeconds: number,
): Promise<PeerIngest> {
  const connections = Array.from({ length: CONNECTIONS }, (_, i) => i);
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) {
    await Promise.all(connections.map(async (connection) => write(url, connection)));
  }
  const cpuBefore = readCpuSeconds(pid);
  const startedMs = performance.now();
  const endMs = startedMs + watchSeconds * 1000;
  let samples = 0;
  await Promise.all(
    connections.map(async (connection) => {
      while (performance.now() < endMs) {
        const written = await write(url, connection);
        samples += written;
      }
    }),
  );
  return {
    samplesASecond: (samples * 1000) / (performance.now() - startedMs),
    samplesACpuSecond: samples / (readCpuSeconds(pid) - cpuBefore),
  };
}

export function receiveAs(frame: Frame, node: string): ReceivedFrame {
  return {
    agent: { cluster: "bench", node },
    instanceId: "bench",
    agentVersion: "0.1.0",
    receivedAtMs: frame.capturedAtMs,
    frame,
  };
}
