/** Clients of the API that mean it no good: some that never stop asking, some that open an event stream and do not read it. */
import { Agent, get, type IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../fuzz/mutate.ts";
import type { Tally } from "./tally.ts";

interface FloodOptions {
  readonly port: number;
  readonly clusters: readonly string[];
  readonly random: Random;
  readonly lengthMs: number;
  readonly tally: Tally;
}

const CLIENTS = 16;
const STREAMS = 200;
/** How far back the past is asked for. */
const PAST_MS = 300_000;
/** A client whose question failed asks again after this, as a person's script would. */
const AGAIN_MS = 100;

export async function floodApi(options: FloodOptions): Promise<void> {
  const { port, clusters, random, lengthMs, tally } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const endMs = performance.now() + lengthMs;

  function question(): string {
    const cluster = clusters[random() % clusters.length] ?? "";
    const atMs = Date.now() - (random() % PAST_MS);
    const questions = [
      "/api/v1/clusters",
      `/api/v1/clusters/${cluster}`,
      `/api/v1/clusters/${cluster}?at=${new Date(atMs).toISOString()}`,
      `/api/v1/clusters/${cluster}/findings`,
      `/api/v1/clusters/${cluster}/incidents`,
      `/api/v1/clusters/${cluster}/series/etcd_status_db_size_bytes?points=300`,
      "/metrics",
      "/no/such/page",
    ];
    return questions[random() % questions.length] ?? "/";
  }

  async function client(): Promise<void> {
    while (performance.now() < endMs) {
      try {
        const answer = await ask(port, question(), agent);
        for await (const _ of answer) {
          // to its end
        }
        tally.count(`API: answered ${answer.statusCode ?? 0}`);
      } catch (error) {
        tally.count(`API: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
        await delay(AGAIN_MS);
      }
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client));
  agent.destroy();
}

export async function openUnreadStreams(options: FloodOptions): Promise<void> {
  const { port, clusters, random, lengthMs, tally } = options;
  const agent = new Agent({ maxSockets: Infinity });
  const answers = await Promise.all(
    Array.from({ length: STREAMS }, async () => {
      const cluster = clusters[random() % clusters.length] ?? "";
      // every cluster's events, or one's
      const path = random() % 2 === 0 ? "/api/v1/stream" : `/api/v1/clusters/${cluster}/stream`;
      try {
        return await ask(port, path, agent);
      } catch (error) {
        tally.count(`event streams: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
        return undefined;
      }
    }),
  );
  const open = answers.filter((answer) => answer !== undefined);
  open.forEach((answer) => {
    tally.count(`event streams: answered ${answer.statusCode ?? 0}`);
    answer.on("error", () => tally.count("event streams: cut off"));
  });
  await delay(lengthMs);
  open.forEach((answer) => answer.destroy());
  agent.destroy();
}

/** Its body is not read by itself. */
function ask(port: number, path: string, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, fail) => {
    get({ host: "127.0.0.1", port, path, agent }, resolve).on("error", fail);
  });
}
