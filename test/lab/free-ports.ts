/** Loopback ports for servers that are killed and started again on the same port. */

import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Below the kernel's ephemeral range, so that no outgoing connection takes the port while its server is down. */
const FIRST_PORT = 20_000;
/** Test files run beside each other: each process looks in a range of its own, which two of them rarely share. */
const RANGES = 16;
const PORTS_PER_RANGE = 750;

function isFree(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const server = createServer();
    server.once("error", () => settle(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => settle(true)));
  });
}

export async function findFreePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  const first = FIRST_PORT + (process.pid % RANGES) * PORTS_PER_RANGE;
  while (ports.size < count) {
    const port = randomInt(first, first + PORTS_PER_RANGE);
    if (!ports.has(port) && (await isFree(port))) {
      ports.add(port);
    }
  }
  return [...ports];
}
