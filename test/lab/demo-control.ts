/** Lets `npm run demo -- --break NAME` act on a demo that already runs in this checkout, over a socket file. */

import { rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { isDemoFaultName, type DemoFaultName } from "./demo-faults.ts";
import { DEMO_DIR, type Say } from "./demo-session.ts";
import { toShortSocketPath } from "./socket-path.ts";

const SOCKET = toShortSocketPath(join(DEMO_DIR, "control.sock"));
/** The last line of an answer; a byte that no text for people holds stands before the exit code. */
const END_MARK = "\u0004";
const MAX_REQUEST_CHARS = 100;

export type HandleBreak = (name: DemoFaultName, say: Say) => Promise<boolean>;

/** One break at a time; another one that comes meanwhile is told so. */
export async function serveDemoControl(handle: HandleBreak): Promise<Server> {
  let isBusy = false;
  async function answer(name: string, say: Say): Promise<number> {
    if (!isDemoFaultName(name)) {
      say(`The demo cannot break "${name}"`);
      return 2;
    }
    if (isBusy) {
      say("The demo is still busy with another break");
      return 1;
    }
    isBusy = true;
    try {
      return (await handle(name, say)) ? 0 : 1;
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
      return 1;
    } finally {
      isBusy = false;
    }
  }
  rmSync(SOCKET, { force: true });
  const server = createServer((socket) => {
    let request = "";
    socket.setEncoding("utf8");
    socket.on("error", () => undefined);
    socket.on("data", (text: string) => {
      request = (request + text).slice(0, MAX_REQUEST_CHARS);
      if (request.endsWith("\n")) {
        void answer(request.trim(), (line) => socket.write(`${line}\n`)).then((code) =>
          socket.end(`${END_MARK}${code}`),
        );
      }
    });
  });
  await new Promise<void>((settle, fail) => {
    server.once("error", fail);
    server.listen(SOCKET, settle);
  });
  return server;
}

/** The exit code of the running demo's answer; undefined when no demo runs in this checkout. */
export function askRunningDemo(name: string, write: (text: string) => void): Promise<number | undefined> {
  return new Promise((settle) => {
    const socket = connect(SOCKET);
    let ended: number | undefined;
    socket.setEncoding("utf8");
    socket.on("connect", () => socket.write(`${name}\n`));
    socket.on("data", (text: string) => {
      const [words = "", code] = text.split(END_MARK);
      write(words);
      ended = code === undefined ? ended : Number(code);
    });
    socket.on("error", () => settle(undefined));
    socket.on("close", () => settle(ended ?? 1));
  });
}
