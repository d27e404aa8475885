/**
 * Everything towards one collector: the stream of what is new, and beside it, when frames had to be kept, a second one
 * that brings those. The second runs only while the first one flows.
 */
import type { Clock } from "../../shared/clock.ts";
import type { Hello, Settings } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { Logger } from "../../shared/log-line.ts";
import type { TlsPaths } from "../config.ts";
import type { FrameReader, KeptFrames } from "../spool/frame-queue.ts";
import { createStreamClient, type StreamClient, type StreamClientStatus } from "./stream-client.ts";

export interface CollectorLinkOptions {
  /** host:port */
  readonly collector: string;
  readonly tls: TlsPaths;
  /** Of this run. */
  readonly hello: Hello;
  readonly reader: FrameReader;
  readonly clock: Clock;
  readonly log: Logger;
  /** The collector welcomed a new stream: the agent answers with a keyframe. */
  readonly onStreamOpen: () => void;
  readonly onSettings: (settings: Settings) => void;
}

export interface CollectorLink {
  start(): void;
  /** Closes both streams at once; frames not acknowledged stay in the queue. */
  stop(): void;
  /** The queue has grown. `nextInMs`: by a frame without news, which may wait for the next one, that comes in so long. */
  notify(nextInMs?: number): void;
  status(): StreamClientStatus;
}

export function createCollectorLink(options: CollectorLinkOptions): CollectorLink {
  const { reader } = options;
  let takesKept = false;
  let kept: { readonly frames: KeptFrames; readonly client: StreamClient } | undefined;
  const live = createStreamClient({
    ...options,
    isForKept: false,
    queue: reader,
    onStreamOpen: (welcomed) => {
      ({ takesKept } = welcomed);
      options.onStreamOpen();
      bringKept();
    },
    onStreamClosed: () => {
      takesKept = false;
      stopKept();
    },
    onClockOffset: (offset) => reader.measureClock(offset),
  });

  function bringKept(): void {
    if (kept?.frames.isDone() === true) {
      stopKept();
    }
    if (kept !== undefined) {
      // what is new goes first
      if (!live.status().isBlocked) {
        kept.client.notify();
      }
      return;
    }
    const frames = takesKept ? reader.findKept(bringKept) : undefined;
    if (frames === undefined) {
      return;
    }
    const client = createStreamClient({
      ...options,
      hello: frames.hello,
      isForKept: true,
      queue: frames,
      onStreamOpen: () => undefined,
      onStreamClosed: () => undefined,
      onSettings: () => undefined,
      onClockOffset: () => undefined,
    });
    kept = { frames, client };
    client.start();
  }

  function stopKept(): void {
    const stopping = kept;
    kept = undefined;
    stopping?.client.stop();
  }

  return {
    start: () => live.start(),
    stop: () => {
      stopKept();
      live.stop();
    },
    notify: (nextInMs) => {
      live.notify(nextInMs);
      bringKept();
    },
    status: () => live.status(),
  };
}
