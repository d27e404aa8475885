/**
 * Ten thousand connections at once that say nothing, or dribble, on each port: as many are held as the limits allow, others are
 * served meanwhile, and all are gone when their time is over.
 */
import { connect, type AddressInfo, type Socket } from "node:net";
import { readFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LISTENER_LIMITS } from "../../collector/ingest/listener.ts";
import { createExampleApi } from "../collector/api/example-api.ts";
import { createHarness, type Harness, type TestAgent } from "../collector/ingest/harness.ts";
import { LOOPBACK } from "../collector/ingest/test-pki.ts";
import { waitFor } from "../collector/ingest/wait-for.ts";

const CONNECTIONS = 10_000;
/** Both ends of each are in this process. */
const NEEDED_FILES = 18_000;
const openFiles = Number(/Max open files +(\d+)/.exec(readFileSync("/proc/self/limits", "utf8"))?.[1]);

interface Flood {
  readonly sockets: ReadonlySet<Socket>;
  open(): number;
  end(): void;
}

/** From an address of its own, as one attacker has. */
async function flood(port: number, localAddress: string, say: string): Promise<Flood> {
  const sockets = new Set<Socket>();
  let left = 0;
  let opening = 0;
  for (let i = 0; i < CONNECTIONS; i += 1) {
    const socket = connect({ host: "127.0.0.1", port, localAddress });
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => (left += 1));
    opening += 1;
    const settle = (): void => {
      opening -= 1;
    };
    socket.once("close", settle);
    socket.once("connect", () => {
      socket.off("close", settle);
      settle();
      if (say !== "") {
        socket.write(say);
      }
    });
    socket.resume();
    // no more at once than wait to be accepted, or the kernel drops them and tries again a second later
    while (opening > 64) {
      await nextTurn();
    }
  }
  await waitFor("connections to settle", () => opening === 0);
  return {
    sockets,
    open: () => CONNECTIONS - left,
    end: () => sockets.forEach((one) => one.destroy()),
  };
}

describe.skipIf(!(openFiles >= NEEDED_FILES))("security/floods", { timeout: 120_000 }, () => {
  let harness: Harness;
  let agent: TestAgent;
  const { app } = createExampleApi();
  let apiPort = 0;

  beforeAll(async () => {
    harness = await createHarness();
    agent = await harness.agent({ node: "m1" });
    await app.listen({ host: "127.0.0.1", port: 0 });
    apiPort = (app.server.address() as AddressInfo).port;
  }, 60_000);

  afterAll(async () => {
    await app.close();
    await harness.stop();
  });

  it.concurrent(
    "holds only so many silent connections of one address on the agents' port, and serves agents meanwhile",
    async () => {
      const attack = await flood(harness.port, "127.0.0.66", "");
      await waitFor("the bound", () => attack.open() <= LISTENER_LIMITS.unprovenOfAddress);
      const newcomer = await harness.agent({ node: "m2" });
      agent.push(3);
      newcomer.push(3);
      await waitFor("both agents' frames", () => agent.queue.size() + newcomer.queue.size() === 0);
      // Their handshake never comes: cut off after ten seconds, with nothing left behind.
      await waitFor("their end", () => attack.open() === 0, 60_000);
      expect(agent.client.status().streamsTotal).toBe(1);
      // The address has its places back: a handshake comes to its end, whatever becomes of it then.
      await new Promise<void>((resolve, reject) => {
        const to = { host: "127.0.0.1", port: harness.port, localAddress: "127.0.0.66" };
        const options: ConnectionOptions & { readonly localAddress: string } = {
          ...to,
          rejectUnauthorized: false,
        };
        const socket = connectTls(options);
        socket.once("secureConnect", resolve).once("error", reject);
        socket.on("error", () => undefined);
      });
    },
  );

  it.concurrent(
    "cuts off who never begins to speak TLS on the port of the API, where it has a certificate",
    async () => {
      const files = await harness.issue({ name: "api", names: LOOPBACK });
      const secure = createExampleApi({
        http: { host: "127.0.0.1", port: 0, tls: files, tokens: [] },
      });
      await secure.app.listen({ host: "127.0.0.1", port: 0 });
      const { port } = secure.app.server.address() as AddressInfo;
      const silent = connect({ host: "127.0.0.1", port });
      silent.on("error", () => undefined).resume();
      const wrong = connect({ host: "127.0.0.1", port }, () => wrong.write("GET / HTTP/1.1\r\n\r\n"));
      wrong.on("error", () => undefined).resume();
      await waitFor("the end of what is not TLS", () => wrong.closed);
      await waitFor("the end of silence", () => silent.closed, 60_000);
      await secure.app.close();
    },
  );

  it.concurrent("does the same on the port of the API, also for requests that never end", async () => {
    expect(app.server).toMatchObject({ headersTimeout: 10_000, requestTimeout: 10_000 });
    const attack = await flood(apiPort, "127.0.0.67", "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ");
    await waitFor("the bound", () => attack.open() <= 1536);
    expect((await fetch(`http://127.0.0.1:${apiPort}/healthz`)).status).toBe(200);
    const dribble = setInterval(() => attack.sockets.forEach((one) => one.writable && one.write("a")), 1000);
    try {
      await waitFor("their end", () => attack.open() === 0, 60_000);
    } finally {
      clearInterval(dribble);
    }
    expect((await fetch(`http://127.0.0.1:${apiPort}/healthz`)).status).toBe(200);
  });
});
