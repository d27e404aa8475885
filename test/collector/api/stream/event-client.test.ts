import { createServer, type Server, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createEventClient } from "../../../../collector/api/stream/event-client.ts";

const BLOCK = Buffer.alloc(512 * 1024, "x");
/** More than the kernel takes for a connection on loopback. */
const MANY = 100;

let server: Server | undefined;
let socket: Socket | undefined;
afterEach(() => {
  socket?.destroy();
  server?.close();
});

/** The server's side of a request whose answer nobody reads. */
async function acceptUnread(): Promise<ServerResponse> {
  const accepted = Promise.withResolvers<ServerResponse>();
  const own = createServer((_, response) => accepted.resolve(response));
  server = own;
  await new Promise<void>((resolve) => own.listen(0, "127.0.0.1", resolve));
  socket = connect((own.address() as AddressInfo).port, "127.0.0.1");
  socket.pause();
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  return await accepted.promise;
}

describe("collector/api/stream/event-client", () => {
  it("cuts off a client that does not read, before much waits for it", async () => {
    const response = await acceptUnread();
    const client = createEventClient(response, []);
    let sent = 0;
    while (sent < MANY && client.send(BLOCK, 0)) {
      sent += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(MANY);
    expect(response.destroyed).toBe(true);
    expect(client.send(BLOCK, 0), "it stays cut off").toBe(false);
  });

  it("lets a client take its time over what it gets at first, but not for ever", async () => {
    const response = await acceptUnread();
    const client = createEventClient(
      response,
      Array.from({ length: 20 }, () => BLOCK),
    );
    const small = Buffer.from("event: heartbeat\n\n");
    expect(client.send(small, 1000)).toBe(true);
    expect(client.send(small, 31_000)).toBe(true);
    expect(client.send(small, 31_001)).toBe(false);
    expect(response.destroyed).toBe(true);
  });
});
