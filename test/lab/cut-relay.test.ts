import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCutRelay, type CutRelay } from "./cut-relay.ts";
import { waitFor } from "./wait-for.ts";

const WITHIN = { timeoutMs: 10_000, intervalMs: 5 };

interface Heard {
  readonly socket: Socket;
  text: string;
  end: "none" | "closed" | "reset";
}

let relay: CutRelay;
let near: Heard;
/** In the order in which they came. */
const accepted: Heard[] = [];
const server = createServer((socket) => {
  accepted.push(listen(socket));
});

function listen(socket: Socket): Heard {
  const heard: Heard = { socket, text: "", end: "none" };
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    heard.text += text;
  });
  socket.on("error", ({ code }: NodeJS.ErrnoException) => {
    heard.end = code === "ECONNRESET" ? "reset" : "closed";
  });
  socket.on("close", () => {
    heard.end = heard.end === "reset" ? "reset" : "closed";
  });
  return heard;
}

beforeEach(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  relay = await createCutRelay((server.address() as AddressInfo).port);
  near = listen(connect(relay.port, "127.0.0.1"));
  near.socket.write("there");
  await waitFor("what was said", () => accepted[0]?.text === "there", WITHIN);
  accepted[0]?.socket.write("back");
  await waitFor("the answer", () => near.text === "back", WITHIN);
});

afterEach(async () => {
  relay.close();
  near.socket.destroy();
  accepted.splice(0).forEach(({ socket }) => socket.destroy());
  await new Promise((resolve) => server.close(resolve));
});

describe("test/lab/cut-relay", () => {
  it("passes an end on to the other side", async () => {
    near.socket.end();
    await waitFor("both ends", () => accepted[0]?.end === "closed" && near.end === "closed", WITHIN);
  });

  it("resets both sides, and carries the next connection", async () => {
    expect(relay.cut("reset")).toBe(1);
    await waitFor("both resets", () => accepted[0]?.end === "reset" && near.end === "reset", WITHIN);
    near = listen(connect(relay.port, "127.0.0.1"));
    near.socket.write("again");
    await waitFor("what was said", () => accepted[1]?.text === "again", WITHIN);
  });

  it("lets neither side hear of the other any more, also of its end", async () => {
    expect(relay.cut("silence")).toBe(1);
    expect(relay.cut("silence")).toBe(0);
    near.socket.write("unheard");
    near.socket.destroy();
    // what comes by another connection afterwards has overtaken it, were it on its way
    const second = listen(connect(relay.port, "127.0.0.1"));
    second.socket.write("heard");
    await waitFor("the second one", () => accepted[1]?.text === "heard", WITHIN);
    expect(accepted[0]).toMatchObject({ text: "there", end: "none" });
    second.socket.destroy();
  });
});
