/** Real sockets before their handshake: who may begin, who waits, who is let go. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createHandshakeLine,
  LINE_LIMITS,
  type HandshakeLine,
} from "../../../collector/ingest/handshake-line.ts";
import { PACE } from "../../../collector/ingest/handshake-pace.ts";
import { createManualClock, type ManualClock } from "../../agent/manual-clock.ts";
import { waitFor } from "./wait-for.ts";

let clock: ManualClock;
let line: HandshakeLine;
let port: number;
let counters = { handshakesWaiting: 0 };
const begun: { readonly remote: string; readonly socket: Socket }[] = [];
const rejected: string[] = [];
const cleanups: (() => void)[] = [];

beforeEach(async () => {
  counters = { handshakesWaiting: 0 };
  begun.length = 0;
  rejected.length = 0;
  clock = createManualClock();
  line = createHandshakeLine({
    clock,
    begin: (socket) => begun.push({ remote: `${socket.remoteAddress}:${socket.remotePort}`, socket }),
    reject: (message) => rejected.push(message),
    counters,
  });
  const server = createServer((socket) => line.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
  cleanups.push(() => server.close());
});

afterEach(() => {
  line.stop();
  begun.forEach(({ socket }) => socket.destroy());
  cleanups.splice(0).forEach((cleanup) => cleanup());
});

async function come(says = "hello"): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  cleanups.push(() => socket.destroy());
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  socket.write(says);
  return socket;
}

async function comeMany(count: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i += 1) {
    sockets.push(await come(`hello ${i}`));
    await waitFor("its place", () => begun.length + counters.handshakesWaiting === i + 1);
  }
  return sockets;
}

describe("collector/ingest/handshake-line", () => {
  it("begins so many, and the next with each that is through, in order, with all that it has said", async () => {
    await comeMany(PACE.atFirst + 3);
    expect(begun).toHaveLength(PACE.atFirst);
    expect(counters.handshakesWaiting).toBe(3);
    line.leave(begun[2]?.remote ?? "");
    expect(begun).toHaveLength(PACE.atFirst + 1);
    expect(String(begun.at(-1)?.socket.read())).toBe(`hello ${PACE.atFirst}`);
    line.leave(begun[2]?.remote ?? "");
    expect(counters.handshakesWaiting).toBe(2);
  });

  it("lets those go that go, without beginning anything for them", async () => {
    const sockets = await comeMany(PACE.atFirst + 2);
    sockets[PACE.atFirst]?.destroy();
    await waitFor("one less", () => counters.handshakesWaiting === 1);
    line.leave(begun[0]?.remote ?? "");
    expect(String(begun.at(-1)?.socket.read())).toBe(`hello ${PACE.atFirst + 1}`);
  });

  it("gives the places of those on who begin and say no more", async () => {
    await comeMany(PACE.atFirst + 1);
    await clock.advance(LINE_LIMITS.placeMs);
    expect(counters.handshakesWaiting).toBe(0);
    expect(begun).toHaveLength(PACE.atFirst + 1);
  });

  it("lets more begin while the event loop is on time", async () => {
    await comeMany(PACE.atFirst + 6);
    await clock.advance(3 * PACE.lookMs);
    expect(begun).toHaveLength(PACE.atFirst + 3);
  });

  it("gives no place to one that says nothing, and ends it, and one that says too much", async () => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
    await comeMany(PACE.atFirst);
    expect(begun).toHaveLength(PACE.atFirst);
    const talker = await come("x".repeat(LINE_LIMITS.helloBytes + 1));
    await waitFor("the talker's end", () => rejected.length === 1 && counters.handshakesWaiting === 0);
    talker.destroy();
    await clock.advance(LINE_LIMITS.silentMs);
    await closed;
    expect(rejected).toEqual(["Said too much before TLS began", "TLS handshake timeout"]);
  });
});
