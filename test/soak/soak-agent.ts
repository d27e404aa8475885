/** One agent of a soak: the agent's own queue, spool and streams, a real agent's frames once a second, and a relay that can cut it off. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { FrameQueue, FrameReader } from "../../agent/spool/frame-queue.ts";
import { createSpoolFiles } from "../../agent/spool/spool-files.ts";
import { createSpoolQueue } from "../../agent/spool/spool-queue.ts";
import { createCollectorLink, type CollectorLink } from "../../agent/stream/collector-link.ts";
import { systemClock as clock } from "../../shared/clock.ts";
import type { Frame } from "../../shared/frame.ts";
import type { Logger } from "../../shared/log-line.ts";
import { ETCDSCOPE_VERSION } from "../../shared/version.ts";
import type { IssuedAgent } from "../bench/issue-fleet.ts";
import { createCutRelay, type Cut } from "../lab/cut-relay.ts";
import { watchReader, type DeliveryWatch } from "../lab/watched-reader.ts";

const FRAME_EVERY_MS = 1000;
/** As the agent: a new stream begins with a keyframe of its own. */
const KEYFRAME_AFTER_MS = 50;
/** Below the agent's default, so that hundreds of them do not fill the disk; far more than a soak's absences need. */
const SPOOL = { maxBytes: 16 * 1024 * 1024, maxAgeMs: 3_600_000 } as const;

export interface SoakAgentOptions {
  readonly agent: IssuedAgent;
  /** What a real agent sent, a keyframe first. */
  readonly recorded: readonly Frame[];
  /** Where in the recording it begins, and the share of a second by which it is later than the others. */
  readonly start: { readonly at: number; readonly phase: number };
  readonly dir: string;
  readonly collectorPort: number;
  readonly log: Logger;
  readonly watch: DeliveryWatch;
}

export interface SoakAgent {
  /** After stop and kill as well: a new run of the agent, on the same spool. */
  start(bootId: string): Promise<void>;
  isRunning(): boolean;
  isStreaming(): boolean;
  /** Of its connections; how many they were. */
  cut(how: Cut): number;
  /** As SIGKILL: its connections end with a reset, and what it had in memory is gone. */
  kill(): void;
  /** In good order: what is not acknowledged is kept. */
  stop(): Promise<void>;
  /** So many frames now. */
  push(count: number): void;
  /** No more frames; what waits is still brought. */
  endFrames(): void;
  /** Frames, and bytes on disk, that the collector lacks. */
  waiting(): { readonly frames: number; readonly spoolBytes: number };
  close(): void;
}

interface Run {
  readonly queue: FrameQueue;
  readonly reader: FrameReader;
  readonly link: CollectorLink;
  sequence: bigint;
}

export async function createSoakAgent(options: SoakAgentOptions): Promise<SoakAgent> {
  const { recorded, agent, watch } = options;
  const relay = await createCutRelay(options.collectorPort);
  let at = options.start.at % recorded.length;
  let wantsKeyframe = true;
  let isOver = false;
  let run: Run | undefined;
  const ticks = setTimeout(() => {
    const every = setInterval(tick, FRAME_EVERY_MS);
    stopTicks = () => clearInterval(every);
  }, options.start.phase * FRAME_EVERY_MS);
  let stopTicks = (): void => clearTimeout(ticks);

  function tick(): void {
    if (isOver) {
      // as the frames of an agent do, also when there are no more
      run?.link.notify();
    } else {
      push(1);
    }
  }

  async function start(bootId: string): Promise<void> {
    const queue = createSpoolQueue({
      ...SPOOL,
      files: createSpoolFiles(join(options.dir, `${agent.cluster}-${agent.node}`)),
      agent: { cluster: agent.cluster, node: agent.node, agentVersion: ETCDSCOPE_VERSION, bootId },
      collectors: 1,
      clock,
      log: options.log,
      random: randomUUID().slice(0, 8),
    });
    const hello = await queue.open();
    const reader = watchReader(queue.reader(0), hello.instanceId, watch);
    const link = createCollectorLink({
      collector: `127.0.0.1:${relay.port}`,
      tls: agent.tls,
      hello,
      reader,
      clock,
      log: options.log,
      onStreamOpen: () => {
        wantsKeyframe = true;
        setTimeout(() => push(1), KEYFRAME_AFTER_MS);
      },
      onSettings: () => undefined,
    });
    run = { queue, reader, link, sequence: 0n };
    wantsKeyframe = true;
    link.start();
  }

  function push(count: number): void {
    for (let i = 0; i < count && run !== undefined && !isOver; i += 1) {
      run.sequence += 1n;
      run.queue.push({
        ...nextRecorded(),
        sequence: run.sequence,
        capturedAtMs: Math.round(clock.nowMs()),
        monotonicUs: 1000 * Math.round(clock.monotonicUs() / 1000),
        droppedTotal: 0n,
        clockOffset: undefined,
      });
    }
    run?.link.notify();
  }

  function nextRecorded(): Frame {
    const place = wantsKeyframe ? recorded.findIndex(({ keyframe }, i) => keyframe && i >= at) : at;
    // past the last keyframe: the first frame is one
    const found = recorded[Math.max(0, place)];
    if (found === undefined) {
      throw new Error("Expected frames that were recorded");
    }
    wantsKeyframe = false;
    at = (Math.max(0, place) + 1) % recorded.length;
    return found;
  }

  return {
    start,
    isRunning: () => run !== undefined,
    isStreaming: () => run?.link.status().state === "streaming",
    cut: (how) => relay.cut(how),
    kill: () => {
      relay.cut("reset");
      run?.link.stop();
      run = undefined;
    },
    stop: async () => {
      const stopping = run;
      run = undefined;
      stopping?.link.stop();
      await stopping?.queue.close();
    },
    push,
    endFrames: () => {
      isOver = true;
    },
    waiting: () => ({ frames: run?.queue.size() ?? 0, spoolBytes: run?.queue.spoolBytes() ?? 0 }),
    close: () => {
      stopTicks();
      run?.link.stop();
      relay.close();
    },
  };
}
