/** A spool queue over real files, time moved by hand, and a collector that takes what it is given. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { onTestFinished } from "vitest";
import type { FrameSource, FrameQueue } from "../../../agent/spool/frame-queue.ts";
import { createSpoolFiles, type SpoolFiles } from "../../../agent/spool/spool-files.ts";
import { createSpoolQueue } from "../../../agent/spool/spool-queue.ts";
import type { Frame } from "../../../shared/frame.ts";
import { createFrameDecoder } from "../../../shared/frame-codec.ts";
import { FrameSchema } from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import { createSequenceSet, type SequenceRange } from "../../../shared/sequence-set.ts";
import { createTestLog, testFrame } from "../../collector/ingest/test-frames.ts";
import { createManualClock, type ManualClock } from "../manual-clock.ts";

export interface SpoolFolder {
  readonly dir: string;
  readonly clock: ManualClock;
  readonly log: ReturnType<typeof createTestLog>;
  /** A run of the agent over this folder. */
  readonly run: (options?: RunOptions) => Promise<TestRun>;
}

export interface RunOptions {
  readonly collectors?: number;
  readonly maxBytes?: number;
  readonly maxAgeMs?: number;
  /** Instead of the folder's own files. */
  readonly files?: SpoolFiles;
}

export interface TestRun {
  readonly queue: FrameQueue;
  readonly instanceId: string;
  /** Pushes frames, one a second; a large one takes about 2 KiB on disk. */
  readonly pushFor: (seconds: number, shape?: { readonly isLarge?: boolean }) => Promise<void>;
}

export function createSpoolFolder(): SpoolFolder {
  const dir = mkdtempSync(join(tmpdir(), "etcdscope-spool-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const clock = createManualClock();
  const log = createTestLog();
  let runs = 0;

  async function run(options: RunOptions = {}): Promise<TestRun> {
    runs += 1;
    const queue = createSpoolQueue({
      files: watchFiles(options.files ?? createSpoolFiles(dir)),
      agent: { cluster: "prod-a", node: "m1", agentVersion: "0.1.0", bootId: "boot" },
      collectors: options.collectors ?? 1,
      maxBytes: options.maxBytes ?? 64 * 1024 * 1024,
      maxAgeMs: options.maxAgeMs ?? 86_400_000,
      clock,
      log,
      random: `run${runs}`,
    });
    const { instanceId } = await queue.open();
    await settleDisk();
    let sequence = 0n;
    return {
      queue,
      instanceId,
      pushFor: async (seconds, shape = {}) => {
        for (let second = 0; second < seconds; second += 1) {
          sequence += 1n;
          queue.push(frameAt(sequence, clock, shape.isLarge === true));
          await clock.advance(1000);
          await settleDisk();
        }
      },
    };
  }

  return { dir, clock, log, run };
}

function frameAt(sequence: bigint, clock: ManualClock, isLarge: boolean): Frame {
  const more = Array.from({ length: 150 }, (_, i) => ({ key: `etcd_large_${i}`, value: Math.sin(i) }));
  const frame = testFrame(sequence, {
    capturedAtMs: clock.nowMs(),
    monotonicUs: clock.monotonicUs(),
    clockOffset: undefined,
  });
  return isLarge ? { ...frame, samples: more } : frame;
}

let underWay = 0;

/** Real files answer in their own time: waits until none is being waited for. */
export async function settleDisk(): Promise<void> {
  do {
    await new Promise((resolve) => setImmediate(resolve));
  } while (underWay > 0);
  await new Promise((resolve) => setImmediate(resolve));
}

/** Files that settleDisk waits for. */
function watchFiles(files: SpoolFiles): SpoolFiles {
  return new Proxy(files, {
    get: (target, name) => {
      const call = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]): Promise<unknown> => {
        underWay += 1;
        try {
          return await call(...args);
        } finally {
          underWay -= 1;
        }
      };
    },
  });
}

export interface TakenFrames {
  readonly sequences: readonly bigint[];
  readonly frames: readonly Frame[];
}

/** Drains a source as a stream does, and decodes as a collector does; `limit` frames at most. Acknowledges nothing. */
export async function take(
  source: FrameSource,
  clock: ManualClock,
  options: {
    readonly after?: bigint;
    readonly held?: readonly SequenceRange[];
    readonly limit?: number;
  } = {},
): Promise<TakenFrames> {
  const decoder = createFrameDecoder();
  const held = createSequenceSet(options.held ?? []);
  const frames: Frame[] = [];
  let after = options.after ?? held.prefixEnd();
  source.welcome(held.ranges());
  for (let quiet = 0; quiet < 3 && frames.length < (options.limit ?? Number.POSITIVE_INFINITY);) {
    const outgoing = source.next(after);
    if (outgoing === undefined) {
      quiet += 1;
      await clock.advance(300);
      await settleDisk();
      continue;
    }
    quiet = 0;
    const frame =
      outgoing.kind === "frame" ? outgoing.frame : decoder.decode(fromBinary(FrameSchema, outgoing.bytes));
    after = frame.sequence;
    if (!held.has(frame.sequence)) {
      held.add(frame.sequence);
      frames.push(frame);
    }
  }
  return { frames, sequences: frames.map((frame) => frame.sequence) };
}
