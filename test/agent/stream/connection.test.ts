import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, describe, it, onTestFinished } from "vitest";
import { openConnection } from "../../../agent/stream/connection.ts";
import { systemClock } from "../../../shared/clock.ts";
import { agentName, createAuthority, issue, type IssuedFiles } from "../../collector/ingest/test-pki.ts";
import { waitFor } from "../../collector/ingest/wait-for.ts";

async function issueAgent(): Promise<IssuedFiles> {
  const folder = mkdtempSync(join(tmpdir(), "etcdscope-connection-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return await issue(await createAuthority(folder), { name: "m1", names: agentName("prod-a", "m1") });
}

/** Accepts, and never says a word. */
async function startSilent(): Promise<Server> {
  const server = createServer((socket) => socket.on("error", () => undefined).resume());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return server;
}

describe("agent/stream/connection", () => {
  it("tells that somebody is there before TLS is through, and of a port where nobody is only the end", async () => {
    const tls = await issueAgent();
    const server = await startSilent();
    const { port } = server.address() as AddressInfo;
    const told: string[] = [];
    const open = (name: string) =>
      openConnection(
        { collector: `127.0.0.1:${port}`, tls, clock: systemClock },
        {
          onReached: () => told.push(`${name} reached`),
          onMessage: () => undefined,
          onDrained: () => undefined,
          onEnded: (reason) => told.push(`${name} ended: ${reason}`),
        },
      );
    const first = open("first");
    await waitFor("it is reached", () => told.length === 1);
    expect(told).toEqual(["first reached"]);
    first.close();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    open("second");
    await waitFor("its end", () => told.length === 2);
    expect(told[1]).toBe(`second ended: connect ECONNREFUSED 127.0.0.1:${port}`);
  });
});
