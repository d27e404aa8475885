import { createServer, type AddressInfo, type Server } from "node:net";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { createListeningProbe } from "../../../agent/probe/listening.ts";
import type { Observation } from "../../../agent/probe/probe.ts";
import { createManualClock } from "../manual-clock.ts";
import { discoveredEtcd, probeContext } from "./probe-context.ts";

async function listen(host: string): Promise<number> {
  const server: Server = createServer();
  server.listen(0, host);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function portsOf({ facts }: Observation): unknown {
  const body = facts?.[0]?.body;
  return body?.case === "listening" ? body.value.ports : body;
}

describe("agent/probe/listening", () => {
  it("tells etcd's own ports from one that nobody has opened and one that another process holds", async () => {
    const own = await listen("127.0.0.1");
    const all = await listen("0.0.0.0");
    const clock = createManualClock();
    const discovered = discoveredEtcd(
      {
        "listen-client-urls": `https://127.0.0.1:${own},https://127.0.0.1:1`,
        "listen-peer-urls": `https://0.0.0.0:${all}`,
      },
      { startedAtMs: clock.nowMs() },
    );
    const seen = await createListeningProbe().run(probeContext({ discovered, clock }));
    const pid = process.pid;
    expect(portsOf(seen)).toMatchObject([
      { flag: "listen-client-urls", address: `127.0.0.1:${own}`, pid, isEtcd: true, isFree: false },
      { flag: "listen-client-urls", address: "127.0.0.1:1", isFree: true, isEtcd: false },
      { flag: "listen-peer-urls", address: `*:${all}`, pid, isEtcd: true },
    ]);
    // It is young: the missing one may be about to come.
    expect(seen.againMs).toBe(5000);
    const other = discoveredEtcd({ "listen-client-urls": `http://127.0.0.1:${own}` }, { pid: process.ppid });
    const foreign = await createListeningProbe().run(
      probeContext({ discovered: { ...other, startedAtMs: -1e9 }, clock }),
    );
    expect(portsOf(foreign)).toMatchObject([{ pid, isEtcd: false, isFree: false }, {}]);
    expect(foreign.restMs).toBe(600_000);
  });

  it("is nothing while no etcd runs, and says why where the sockets may not be seen", async () => {
    const gone = discoveredEtcd({}, { pid: undefined });
    expect(await createListeningProbe().run(probeContext({ discovered: gone }))).toEqual({
      removedFacts: ["listening"],
    });
    const unseen = await createListeningProbe().run(
      probeContext({ discovered: discoveredEtcd({}), host: { findPortHolders: () => undefined } }),
    );
    const body = unseen.facts?.[0]?.body;
    expect(body).toMatchObject({ value: { problem: expect.stringContaining("may not be read") as string } });
  });
});
