/**
 * Where connections stand before their TLS handshake: so many are begun at a time, the others wait their turn, which costs next to
 * nothing. So a fleet that comes back all at once is let in as fast as the collector can, instead of having most handshakes given up
 * by agents that waited too long for all of them to end together.
 */
import type { Socket } from "node:net";
import type { Clock, Timer } from "../../shared/clock.ts";
import { clientOf } from "../connection-places.ts";
import type { IngestCounters } from "./counters.ts";
import { PACE, planAtOnce } from "./handshake-pace.ts";
import { createTurns } from "./turns.ts";

export const LINE_LIMITS = {
  /** A place is given on after this time, so that peers who only begin hold up nobody for long. */
  placeMs: 2000,
  /** Until a connection says something. */
  silentMs: 10_000,
  /** Longer than an agent waits for its welcome. */
  waitMs: 65_000,
  /** A ClientHello; there is nothing more to say before it is answered. */
  helloBytes: 64 * 1024,
} as const;

export interface HandshakeLineOptions {
  readonly clock: Clock;
  /** Its turn has come: what it said so far is there to be read. */
  readonly begin: (socket: Socket) => void;
  readonly reject: (message: string, remote: string) => void;
  readonly counters: Pick<IngestCounters, "handshakesWaiting">;
}

export interface HandshakeLine {
  add(socket: Socket): void;
  /** The connection from this address (host:port) has got through, or no further: its place is free. */
  leave(remote: string): void;
  /** Ends all that have not begun. */
  stop(): void;
}

interface Waiting {
  readonly socket: Socket;
  /** host:port; a socket that is closed does not know it any more. */
  readonly remote: string;
  readonly said: Buffer[];
  /** Its turn has come. */
  endWait(): void;
}

export function createHandshakeLine(options: HandshakeLineOptions): HandshakeLine {
  const { clock } = options;
  const turns = createTurns<Waiting>();
  /** By address and port: when the place is given on. */
  const begun = new Map<string, Timer>();
  const standing = new Set<Socket>();
  let atOnce: number = PACE.atFirst;
  let look: Timer | undefined;

  function add(socket: Socket): void {
    const remote = addressOf(socket);
    const client = clientOf(socket.remoteAddress ?? "");
    const waiting: Waiting = { socket, remote, said: [], endWait };
    let saidBytes = 0;
    let limit = clock.after(LINE_LIMITS.silentMs, () => end("TLS handshake timeout"));

    /** Read, so that its end is noticed. */
    function listen(chunk: Buffer): void {
      if (waiting.said.length === 0) {
        limit.cancel();
        limit = clock.after(LINE_LIMITS.waitMs, () => end("Waited in vain for a turn to begin TLS"));
        turns.add(client, waiting);
        publish();
      }
      waiting.said.push(chunk);
      saidBytes += chunk.length;
      beginNext();
      if (saidBytes > LINE_LIMITS.helloBytes && turns.remove(client, waiting)) {
        end("Said too much before TLS began");
      }
    }

    function end(message: string): void {
      options.reject(message, remote);
      socket.destroy();
    }

    function endWait(): void {
      limit.cancel();
      standing.delete(socket);
      socket.off("data", listen);
    }

    standing.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", listen);
    socket.once("close", () => {
      limit.cancel();
      standing.delete(socket);
      turns.remove(client, waiting);
      publish();
      leave(remote);
    });
  }

  function publish(): void {
    options.counters.handshakesWaiting = turns.size();
  }

  function beginNext(): void {
    while (begun.size < atOnce) {
      const next = turns.take();
      if (next === undefined) {
        return;
      }
      if (!next.socket.destroyed) {
        begin(next);
      }
    }
  }

  function begin(waiting: Waiting): void {
    const { socket, remote, said } = waiting;
    begun.set(
      remote,
      clock.after(LINE_LIMITS.placeMs, () => leave(remote)),
    );
    watchLoop();
    waiting.endWait();
    publish();
    socket.pause();
    // its listeners live as long as the connection does: they hold nothing
    socket.unshift(Buffer.concat(said.splice(0)));
    options.begin(socket);
  }

  /** Looks how late the event loop is, as long as there is something to pace. */
  function watchLoop(): void {
    const dueMs = clock.monotonicUs() / 1000 + PACE.lookMs;
    look ??= clock.after(PACE.lookMs, () => {
      look = undefined;
      atOnce = planAtOnce(atOnce, clock.monotonicUs() / 1000 - dueMs);
      if (begun.size > 0 || turns.size() > 0) {
        watchLoop();
      }
      beginNext();
    });
  }

  function leave(remote: string): void {
    const place = begun.get(remote);
    if (place !== undefined) {
      place.cancel();
      begun.delete(remote);
      beginNext();
    }
  }

  return {
    add,
    leave,
    stop: () => {
      look?.cancel();
      atOnce = 0;
      standing.forEach((socket) => socket.destroy());
    },
  };
}

/** As gRPC names a peer. */
export function addressOf(socket: Socket): string {
  return `${socket.remoteAddress ?? ""}:${socket.remotePort ?? ""}`;
}
