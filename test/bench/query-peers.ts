/** The same trends, of the same samples, asked over HTTP of a collector and of Prometheus, each with the same ingest beside it. */
import { renameSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../shared/clock.ts";
import type { Frame } from "../../shared/frame.ts";
import { startPrometheus, type Receiver } from "../lab/receivers.ts";
import { startBenchCollector } from "./bench-collector.ts";
import { median, result, type BenchmarkResult } from "./benchmark.ts";
import { issueFleet } from "./issue-fleet.ts";
import type { MadeHistoryOptions } from "./made-history.ts";
import { createNoise } from "./noise.ts";
import { startPacedLoad } from "./paced-load.ts";
import { receiveAs, withPeer } from "./peer-ingest.ts";
import { queryRange, writeRemotely } from "./peer-load.ts";
import { createTemplates } from "./real-frames.ts";

/** What is written meanwhile: a frame a second each. */
const BUSY_AGENTS = 51;
const BUSY_FOR_MS = 3000;
const ROUNDS = 15;
const SAMPLES_A_WRITE = 10_000;

export type MadePart = Omit<MadeHistoryOptions, "path">;

export interface QueryPeersOptions {
  /** Empty; the caller removes it. */
  readonly dir: string;
  readonly real: readonly Frame[];
  readonly historyPath: string;
  /** What the history is made of, oldest first. */
  readonly parts: readonly MadePart[];
  readonly metrics: readonly (readonly [name: string, metric: string])[];
  readonly spans: readonly { readonly name: string; readonly spanMs: number; readonly toMs: number }[];
  readonly points: number;
}

interface Asked {
  readonly coldMs: number;
  readonly warmMs: number;
}

export async function measureQueryPeers(options: QueryPeersOptions): Promise<readonly BenchmarkResult[]> {
  const ours = await askCollector(options);
  const theirs = await askPrometheus(options);
  return [...ours].flatMap(([label, { coldMs, warmMs }]) => {
    const peer = theirs.get(label) ?? { coldMs: Number.NaN, warmMs: Number.NaN };
    return [
      result(`${label}, over HTTP: first`, { value: coldMs, unit: "ms" }),
      result(`${label}, over HTTP: warm`, { value: warmMs, unit: "ms" }),
      result(`${label}, Prometheus: first`, { value: peer.coldMs, unit: "ms" }),
      result(`${label}, Prometheus: warm`, { value: peer.warmMs, unit: "ms" }),
      result(`${label}, etcdscope / Prometheus: first`, { value: coldMs / peer.coldMs, unit: "ratio" }),
      result(`${label}, etcdscope / Prometheus: warm`, { value: warmMs / peer.warmMs, unit: "ratio" }),
    ];
  });
}

type Span = QueryPeersOptions["spans"][number];

async function askAll(
  { metrics, spans }: QueryPeersOptions,
  ask: (metric: string, span: Span) => Promise<number>,
): Promise<ReadonlyMap<string, Asked>> {
  const asked = new Map<string, Asked>();
  for (const span of spans) {
    for (const [name, metric] of metrics) {
      const times: number[] = [];
      for (let round = 0; round <= ROUNDS; round += 1) {
        times.push(await ask(metric, span));
      }
      asked.set(`${span.name}, ${name}`, {
        coldMs: times[0] ?? Number.NaN,
        warmMs: median(times.slice(1)),
      });
    }
  }
  return asked;
}

async function askCollector(options: QueryPeersOptions): Promise<ReadonlyMap<string, Asked>> {
  const { dir, historyPath, points, real } = options;
  const { pkiDir, agents } = await issueFleet(dir, BUSY_AGENTS);
  const collector = await startBenchCollector(dir, pkiDir, historyPath, "60d");
  const load = startPacedLoad(agents, `127.0.0.1:${collector.grpcPort}`, createTemplates(real));
  try {
    await new Promise((resolve) => setTimeout(resolve, BUSY_FOR_MS));
    const asked = await askAll(options, async (metric, { spanMs, toMs }) => {
      const span = new URLSearchParams({
        node: "m1",
        from: new Date(toMs - spanMs).toISOString(),
        to: new Date(toMs).toISOString(),
        points: String(points),
      });
      const startedMs = performance.now();
      const answer = await fetch(
        `http://127.0.0.1:${collector.httpPort}/api/v1/clusters/bench/series/${metric}?${span.toString()}`,
      );
      const text = await answer.text();
      const tookMs = performance.now() - startedMs;
      if (!answer.ok || text.length < 5000) {
        throw new Error(`The collector has no answer to ${metric}: ${text.slice(0, 200)}`);
      }
      return tookMs;
    });
    if (load.problems().length > 0) {
      throw new Error(`The load failed: ${load.problems().slice(0, 3).join("; ")}`);
    }
    return asked;
  } finally {
    load.stop();
    await collector.kill();
  }
}

/** What was written is made blocks of by a snapshot, as it would be after some hours; who is asked begins with these. */
async function askPrometheus(options: QueryPeersOptions): Promise<ReadonlyMap<string, Asked>> {
  const { dir, points, real } = options;
  await withPeer(join(dir, "written"), startPrometheus, async (receiver, folder) => {
    for (const part of options.parts) {
      await writePart(receiver, part);
    }
    const answer = await fetch(`${receiver.url}/api/v1/admin/tsdb/snapshot`, { method: "POST" });
    const { data } = (await answer.json()) as { readonly data: { readonly name: string } };
    renameSync(join(folder, "prometheus/snapshots", data.name), join(dir, "prometheus"));
  });
  return await withPeer(dir, startPrometheus, async (receiver) => {
    const stop = keepWriting(receiver, real);
    try {
      await new Promise((resolve) => setTimeout(resolve, BUSY_FOR_MS));
      return await askAll(options, async (metric, { spanMs, toMs }) => {
        const span = { fromMs: toMs - spanMs, toMs, points };
        const startedMs = performance.now();
        // a chart asks for both at the same time
        await Promise.all(
          (["max_over_time", "min_over_time"] as const).map(async (of) =>
            queryRange(receiver.url, `${metric}{cluster="bench",node="m1"}`, { ...span, of }),
          ),
        );
        return performance.now() - startedMs;
      });
    } finally {
      await stop();
    }
  });
}

async function writePart(
  { url }: Receiver,
  { real, count, stepMs, nowMs, isDense }: MadePart,
): Promise<void> {
  const next = createNoise(real, { isDense });
  const fromMs = nowMs - count * stepMs;
  let frames: Frame[] = [];
  let samples = 0;
  for (let index = 0; index < count; index += 1) {
    const frame = next(index, fromMs + index * stepMs);
    frames.push(frame);
    samples += frame.samples.length;
    if (samples > SAMPLES_A_WRITE || index === count - 1) {
      await writeRemotely(
        url,
        frames.map((one) => receiveAs(one, "m1")),
      );
      frames = [];
      samples = 0;
    }
  }
}

/** A frame a second of each of the busy agents. Resolves when the last is written; throws what went wrong. */
function keepWriting({ url }: Receiver, real: readonly Frame[]): () => Promise<void> {
  let second = 0;
  let last: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    second += 1;
    const frame = real[second % real.length];
    if (frame !== undefined) {
      const now = { ...frame, capturedAtMs: systemClock.nowMs(), clockOffset: undefined };
      const frames = Array.from({ length: BUSY_AGENTS }, (_, i) => receiveAs(now, `busy-${i}`));
      last = last.then(async () => writeRemotely(url, frames));
      last.catch(() => clearInterval(timer));
    }
  }, 1000);
  return async () => {
    clearInterval(timer);
    await last;
  };
}
