/** What is not an agent on the agents' port: no TLS, no certificate, another authority's, and good ones that speak nonsense. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { mutate, type Random } from "../fuzz/mutate.ts";
import type { IssuedFiles } from "../collector/ingest/test-pki.ts";
import { waitFor } from "../lab/wait-for.ts";
import { openRawStream, type RawStream } from "../security/raw-stream.ts";
import type { Tally } from "./tally.ts";

export interface Garbage {
  /** Real messages of an agent, to be damaged. */
  readonly hellos: readonly Buffer[];
  readonly frames: readonly Buffer[];
  /** Of an agent that is none of the soak's. */
  readonly certified: IssuedFiles;
  readonly foreign: IssuedFiles;
}

interface GarbageOptions {
  readonly port: number;
  readonly garbage: Garbage;
  readonly random: Random;
  readonly tally: Tally;
}

/** Of each kind. */
const CONNECTIONS = 5;
const MESSAGES = 20;
/** The collector's limits end everything within ten seconds; a machine that is busy is given more. */
const LIMIT_MS = 30_000;
const ANSWER_MS = 15_000;

export async function sendGarbage(options: GarbageOptions): Promise<void> {
  const { port, garbage, random, tally } = options;
  const loopback = { host: "127.0.0.1", port, ALPNProtocols: ["h2"], rejectUnauthorized: false };
  const open: Readonly<Record<string, () => Socket>> = {
    "bytes without TLS": () => say(connect({ host: "127.0.0.1", port }), "connect", randomBytes(4096)),
    "no certificate": () => say(connectTls(loopback), "secureConnect", mutate(garbage.hellos, random)),
    "another authority's certificate": () =>
      say(
        connectTls({ ...loopback, ...read(garbage.foreign) }),
        "secureConnect",
        mutate(garbage.hellos, random),
      ),
    "a good certificate, no HTTP/2": () =>
      say(
        connectTls({ ...loopback, ...read(garbage.certified) }),
        "secureConnect",
        mutate(garbage.frames, random),
      ),
  };
  const ends = Object.entries(open).flatMap(([kind, begin]) =>
    Array.from({ length: CONNECTIONS }, async () => {
      const socket = begin();
      await waitFor(`${kind}: the collector ends it`, () => socket.closed, { timeoutMs: LIMIT_MS });
      tally.count(`garbage, ${kind}: ended`);
    }),
  );
  const streams = Array.from({ length: CONNECTIONS }, async () => {
    const stream = openRawStream(port, garbage.certified);
    try {
      const hello = random() % 2 === 0 ? garbage.hellos[0] : undefined;
      stream.send(hello ?? mutate(garbage.hellos, random));
      for (let i = 0; i < MESSAGES; i += 1) {
        stream.send(mutate(garbage.frames, random));
      }
      tally.count(`garbage, damaged messages: ${await findAnswer(stream)}`);
    } finally {
      stream.close();
    }
  });
  await Promise.all([...ends, ...streams]);
}

/** A client of gRPC may try again by itself what was cut off before it began, so there need not be one. */
async function findAnswer({ answers, errors }: RawStream): Promise<string> {
  const endMs = performance.now() + ANSWER_MS;
  while (answers.length === 0 && errors.length === 0 && performance.now() < endMs) {
    await delay(100);
  }
  if (answers.some((answer) => answer.case === "refusal")) {
    return "refused";
  }
  return errors.length > 0 ? "ended" : answers.length > 0 ? "welcomed" : "not answered";
}

function read(files: IssuedFiles): Record<"ca" | "cert" | "key", Buffer> {
  return { ca: readFileSync(files.ca), cert: readFileSync(files.cert), key: readFileSync(files.key) };
}

function say(socket: Socket, ready: "connect" | "secureConnect", bytes: Buffer): Socket {
  socket.once(ready, () => socket.write(bytes));
  // how it ends is the collector's choice; that it does is waited for
  socket.on("error", () => undefined);
  return socket.resume();
}
