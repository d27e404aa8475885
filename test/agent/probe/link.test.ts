import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EtcdDoor, EtcdMember } from "../../../agent/etcd/etcd-door.ts";
import type { LinkLook } from "../../../agent/etcd/link-look.ts";
import { createLinkProbe } from "../../../agent/probe/link.ts";
import type { Observation } from "../../../agent/probe/probe.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { Layer, Port } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import type { LinkFact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { createManualClock } from "../manual-clock.ts";
import { fakeEtcd } from "./fake-etcd.ts";
import { discoveredEtcd, probeContext, TEST_SETUP } from "./probe-context.ts";

const FINE: LinkLook = {
  address: "10.0.0.2:2380",
  remoteIp: "10.0.0.2",
  tcp: "ok",
  tls: "ok",
  http: "ok",
  error: undefined,
  roundTripUs: 900,
};

function failed(reason: string, message = "It failed"): LinkLook {
  const error = new EtcdscopeError("UNAVAILABLE", message, { reason });
  return { ...FINE, tcp: "failed", tls: "unknown", http: "unknown", error, roundTripUs: undefined };
}

describe("agent/probe/link", () => {
  let proc: string;
  let asked: string[];
  let looks: Partial<Record<"client" | "peer", LinkLook>>;
  let clock: ReturnType<typeof createManualClock>;
  let probe: ReturnType<typeof createLinkProbe>;

  beforeEach(() => {
    proc = mkdtempSync(join(tmpdir(), "etcdscope-proc-"));
    mkdirSync(join(proc, "812/net"), { recursive: true });
    mkdirSync(join(proc, "812/fd"));
    symlinkSync("socket:[5]", join(proc, "812/fd/3"));
    asked = [];
    looks = { client: FINE, peer: FINE };
    clock = createManualClock();
    probe = createLinkProbe(TEST_SETUP);
    writeTable("00000000:00000000", 0);
  });

  afterEach(() => rmSync(proc, { recursive: true, force: true }));

  function writeTable(queue: string | undefined, retransmits: number): void {
    const line = `   1: 0100000A:A41A 0200000A:094C 01 ${queue} 02:000009A6 0000000${retransmits}     0        0 5 1 0\n`;
    writeFileSync(join(proc, "812/net/tcp"), queue === undefined ? "" : line);
    writeFileSync(join(proc, "812/net/snmp"), `Tcp: RtoAlgorithm RetransSegs\nTcp: 1 ${retransmits}\n`);
  }

  async function look(target: string, door: Partial<EtcdDoor> = {}): Promise<Observation> {
    const etcd = fakeEtcd({
      findLook: (_, port) => looks[port],
      peerVersion: (name) => {
        asked.push(name);
        return Promise.resolve("{}");
      },
      ...door,
    });
    const discovered = discoveredEtcd(
      { name: "m1", "listen-peer-urls": "https://10.0.0.1:2380" },
      { pid: 812, startedAtMs: clock.nowMs() - 60_000 },
    );
    return await probe.run(probeContext({ etcd, clock, discovered, target, host: { procRoot: proc } }));
  }

  function linkOf(observation: Observation): LinkFact {
    const body = observation.facts?.[0]?.body;
    if (body?.case !== "link") {
      throw new Error("No link fact");
    }
    return body.value;
  }

  it("looks at both ports of every other member", () => {
    expect(probe.targets?.(probeContext({ etcd: fakeEtcd() }))).toEqual([
      "m2/client",
      "m2/peer",
      "m3/client",
      "m3/peer",
    ]);
  });

  it("tells the client port by what the Status call shows, and asks for reads when that changes", async () => {
    expect(linkOf(await look("m2/client"))).toMatchObject({
      toMemberId: 2n,
      toName: "m2",
      port: Port.CLIENT,
      tcp: Layer.OK,
      tls: Layer.OK,
      http: Layer.OK,
      kernel: Layer.UNSPECIFIED,
    });
    looks.client = failed("refused");
    const refused = await look("m2/client");
    expect(linkOf(refused)).toMatchObject({ tcp: Layer.FAILED, tls: Layer.UNKNOWN, errorCode: "refused" });
    expect(refused.trigger).toEqual(["read"]);
    const again = await look("m2/client");
    expect(again.trigger).toBeUndefined();
    expect(again.restMs).toBeUndefined();
  });

  it("rests with the Status call while the client port is well", async () => {
    const { restMs } = await look("m2/client");
    expect([500, 1500, 2500]).toContain(restMs);
  });

  it("keeps texts and since-when until the state changes", async () => {
    looks.peer = failed("timeout", "No answer in 1500 ms");
    const first = linkOf(await look("m2/peer"));
    await clock.advance(1_000);
    looks.peer = failed("timeout", "No answer in 1501 ms");
    expect(linkOf(await look("m2/peer"))).toBe(first);
    await clock.advance(1_000);
    looks.peer = FINE;
    expect(linkOf(await look("m2/peer"))).toMatchObject({
      errorText: "",
      sinceUnixMs: first.sinceUnixMs + 2_000n,
    });
  });

  it("asks for the network's counts when much is sent again", async () => {
    const triggers: string[] = [];
    for (const retransmits of [0, 0, 5, 9]) {
      writeTable("00000000:00000000", 0);
      writeFileSync(join(proc, "812/net/snmp"), `Tcp: RtoAlgorithm RetransSegs\nTcp: 1 ${retransmits}\n`);
      triggers.push(...((await look("m2/peer")).trigger ?? []));
      await clock.advance(1_000);
    }
    expect(triggers).toEqual(["network"]);
  });

  it("asks for the kernel's round trip when the way has been long for some seconds, once", async () => {
    const triggers: string[] = [];
    for (const roundTripUs of [900, 200_000, 900, 200_000, 210_000, 205_000, 201_000]) {
      looks.peer = { ...FINE, roundTripUs };
      const { trigger = [] } = await look("m2/peer");
      triggers.push(trigger.join(" "));
      await clock.advance(4_000);
    }
    expect(triggers).toEqual(["", "", "", "", "", "peer_sockets", ""]);
  });

  it("asks a healthy peer port oftener than etcd lets a silent connection live, and not at every tick", async () => {
    for (let tick = 0; tick < 12; tick += 1) {
      await look("m2/peer");
      await clock.advance(1_000);
    }
    expect(asked).toHaveLength(3);
  });

  it("asks at every tick while the member's client port fails", async () => {
    looks.client = failed("timeout");
    for (let tick = 0; tick < 4; tick += 1) {
      await look("m2/peer");
      await clock.advance(1_000);
    }
    expect(asked).toHaveLength(4);
  });

  it("does not wait for a slow answer", async () => {
    const run = look("m2/peer", { peerVersion: () => new Promise(() => undefined) });
    await clock.advance(250);
    expect(linkOf(await run)).toMatchObject({ kernel: Layer.OK });
  });

  it("tells when the kernel shows etcd's connections stuck, and when they move again", async () => {
    expect(linkOf(await look("m2/peer"))).toMatchObject({ kernel: Layer.OK });
    for (const retransmits of [1, 2]) {
      writeTable("00001000:00000000", retransmits);
      await clock.advance(1_000);
      await look("m2/peer");
    }
    const stuck = linkOf(await look("m2/peer"));
    expect(stuck).toMatchObject({
      kernel: Layer.FAILED,
      kernelText: "Stuck: 2 retransmissions, 4096 bytes unacknowledged for at least 1.0 s",
    });
    writeTable("00000000:00000000", 0);
    await clock.advance(1_000);
    expect(linkOf(await look("m2/peer"))).toMatchObject({ kernel: Layer.OK });
  });

  it("tells that etcd's connection is gone once the link is in doubt", async () => {
    await look("m2/peer");
    writeTable(undefined, 0);
    looks.client = failed("refused");
    await clock.advance(1_000);
    expect(linkOf(await look("m2/peer"))).toMatchObject({
      kernel: Layer.FAILED,
      kernelText: "etcd has no established connection with this peer",
    });
  });

  it("does not call a connection gone where members share an address, and those from the peer cannot be told apart", async () => {
    const shared = (name: string, id: bigint): EtcdMember => ({
      id,
      name,
      peerUrls: ["https://10.0.0.2:2380"],
      clientUrls: [],
      isLearner: false,
    });
    const door = { otherMembers: () => [shared("m2", 2n), shared("m3", 3n)] };
    expect(linkOf(await look("m2/peer", door))).toMatchObject({ kernel: Layer.OK });
    writeTable(undefined, 0);
    looks.client = failed("refused");
    await clock.advance(1_000);
    const gone = linkOf(await look("m2/peer", door));
    expect(gone.kernel).toBe(Layer.UNKNOWN);
    expect(gone.kernelText).toContain("at a shared address");
  });

  it("cannot tell the kernel's view where there is none, and says why", async () => {
    rmSync(join(proc, "812/net"), { recursive: true });
    expect(linkOf(await look("m2/peer"))).toMatchObject({
      kernel: Layer.UNKNOWN,
      kernelText: "The table of etcd's connections cannot be read",
    });
    const named = {
      id: 2n,
      name: "m2",
      peerUrls: ["https://m2.example:2380"],
      clientUrls: [],
      isLearner: false,
    };
    delete looks.peer;
    expect(linkOf(await look("m2/peer", { otherMembers: () => [named] }))).toMatchObject({
      kernel: Layer.UNKNOWN,
      kernelText: "The peer's address is a name that has not been resolved yet",
      address: "m2.example:2380",
    });
  });

  it("is skipped for a member that has gone", async () => {
    await expect(look("m9/peer")).rejects.toMatchObject({ code: "NOT_APPLICABLE" });
  });

  describe("in a doubt that lasts", () => {
    /** Small calls are answered, and etcd's own connection does not move; the trigger of the last look. */
    async function doubt(door: Partial<EtcdDoor>): Promise<{ link: LinkFact; trigger: readonly string[] }> {
      let last = await look("m2/peer", door);
      const trigger: string[] = [];
      writeTable("00000400:00000000", 4);
      for (let each = 0; each < 20; each += 1) {
        await clock.advance(200);
        last = await look("m2/peer", door);
        trigger.push(...(last.trigger ?? []));
      }
      return { link: linkOf(last), trigger };
    }

    it("tells loss by size: what fits into a packet is answered, what does not is lost", async () => {
      const error = new EtcdscopeError("TIMED_OUT", "m2 did not answer the TLS handshake in 1500 ms", {
        reason: "timeout",
      });
      const lost: LinkLook = { ...FINE, tls: "failed", http: "unknown", error };
      const { link } = await doubt({ peerLargeLook: () => Promise.resolve(lost) });
      expect(link).toMatchObject({ kernel: Layer.FAILED, http: Layer.OK, large: Layer.FAILED });
      expect(link.largeText).toBe(error.message);
    });

    it("asks again while etcd's own connections look well for a moment, and takes a large answer as the end of it", async () => {
      const error = new EtcdscopeError("TIMED_OUT", "lost", { reason: "timeout" });
      let answer: LinkLook = { ...FINE, tls: "failed", http: "unknown", error };
      const door = { peerLargeLook: () => Promise.resolve(answer) };
      await doubt(door);
      writeTable("00000000:00000000", 0);
      await clock.advance(3000);
      expect(linkOf(await look("m2/peer", door))).toMatchObject({ kernel: Layer.OK, large: Layer.FAILED });
      answer = FINE;
      await clock.advance(5000);
      await look("m2/peer", door);
      await clock.advance(1000);
      expect(linkOf(await look("m2/peer", door))).toMatchObject({ kernel: Layer.OK, large: Layer.OK });
    });

    it("does not call it loss by size when a large request is answered, or cannot connect", async () => {
      expect((await doubt({ peerLargeLook: () => Promise.resolve(FINE) })).link.large).toBe(Layer.OK);
      const shut = { peerLargeLook: () => Promise.resolve(failed("timeout")) };
      expect((await doubt(shut)).link.large).toBe(Layer.UNKNOWN);
    });

    it("does not ask with a large request where small ones fail as well", async () => {
      looks.client = failed("timeout");
      let large = 0;
      const door = {
        peerLargeLook: () => {
          large += 1;
          return Promise.resolve(FINE);
        },
      };
      expect((await doubt(door)).link.large).toBe(Layer.UNSPECIFIED);
      expect(large).toBe(0);
    });

    it("has the packet filter looked at once, and keeps the time since when the link fails", async () => {
      const { trigger, link } = await doubt({ peerLargeLook: () => Promise.resolve(FINE) });
      expect(trigger.filter((probe) => probe === "firewall")).toHaveLength(1);
      expect(Number(link.sinceUnixMs)).toBeLessThan(clock.nowMs() - 2000);
      writeTable("00000000:00000000", 0);
      await clock.advance(1000);
      // For a moment only, perhaps: etcd opens a stuck stream anew.
      expect(linkOf(await look("m2/peer"))).toMatchObject({ kernel: Layer.OK, large: Layer.OK });
      await clock.advance(15_000);
      expect(linkOf(await look("m2/peer"))).toMatchObject({ kernel: Layer.OK, large: Layer.UNSPECIFIED });
    });
  });
});
