import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseSocketDiagnostics } from "../../../agent/host/parse-socket-diagnostics.ts";
import type { DiagnosedSocket } from "../../../agent/host/parse-socket-diagnostics.ts";
import type { DiagnosticsLook, DiagnosticsWanted } from "../../../agent/host/read-socket-diagnostics.ts";
import { createPeerSocketsProbe } from "../../../agent/probe/peer-sockets.ts";
import type { Observation, Probe } from "../../../agent/probe/probe.ts";
import type { DiscoveredEtcd } from "../../../agent/discovery/discovered-etcd.ts";
import { createManualClock } from "../manual-clock.ts";
import { fakeEtcd, memberNamed } from "./fake-etcd.ts";
import { discoveredEtcd, probeContext, TEST_SETUP } from "./probe-context.ts";

function readFixture(name: string): readonly DiagnosedSocket[] {
  const path = join(import.meta.dirname, `../../fixture/socket-diagnostics/${name}.txt`);
  return parseSocketDiagnostics(readFileSync(path, "utf8"));
}

describe("agent/probe/peer-sockets", () => {
  let proc: string;
  let clock: ReturnType<typeof createManualClock>;
  let probe: Probe;
  let asked: DiagnosticsWanted[];

  beforeEach(() => {
    proc = mkdtempSync(join(tmpdir(), "etcdscope-proc-"));
    mkdirSync(join(proc, "812/fd"), { recursive: true });
    for (const [index, { inode }] of [
      ...readFixture("healthy"),
      ...readFixture("dropped"),
      ...readFixture("slow"),
    ].entries()) {
      symlinkSync(`socket:[${inode}]`, join(proc, `812/fd/${index + 3}`));
    }
    clock = createManualClock();
    probe = createPeerSocketsProbe(TEST_SETUP);
    asked = [];
  });

  afterEach(() => rmSync(proc, { recursive: true, force: true }));

  async function look(
    seen: readonly DiagnosedSocket[] | string,
    about: Partial<DiscoveredEtcd> = {},
  ): Promise<Observation> {
    const answer: DiagnosticsLook =
      typeof seen === "string" ? { sockets: [], problem: seen } : { sockets: seen, problem: "" };
    const etcd = fakeEtcd({
      otherMembers: () => [memberNamed("m2", 2n, "10.99.0.12"), memberNamed("m3", 3n, "10.99.0.13")],
    });
    const discovered = discoveredEtcd(
      { name: "m1", "listen-peer-urls": "https://10.99.0.11:2380" },
      { pid: 812, ...about },
    );
    const readSocketDiagnostics = (wanted: DiagnosticsWanted): Promise<DiagnosticsLook> => {
      asked.push(wanted);
      return Promise.resolve(answer);
    };
    return await probe.run(
      probeContext({ clock, etcd, discovered, host: { procRoot: proc, readSocketDiagnostics } }),
    );
  }

  it("measures the round trip to each peer while all move, without a fact", async () => {
    const seen = await look(readFixture("healthy"));
    expect(asked).toEqual([{ addresses: ["10.99.0.12", "10.99.0.13"], ports: [2380], withIpv6: false }]);
    expect(seen.facts).toBeUndefined();
    expect(seen.removedFacts).toEqual(["peer_sockets"]);
    expect(seen.samples).toEqual([
      { key: 'etcdscope_peer_resent_segments_total{to="m2"}', value: 0 },
      { key: 'etcdscope_peer_rtt_seconds{to="m2"}', value: 0.00014 },
      { key: 'etcdscope_peer_resent_segments_total{to="m3"}', value: 0 },
      { key: 'etcdscope_peer_rtt_seconds{to="m3"}', value: 0.000283 },
    ]);
  });

  it("takes the round trip of the connection that carries most: the others keep what they once measured", async () => {
    const { samples } = await look(readFixture("slow"));
    expect(samples).toContainEqual({ key: 'etcdscope_peer_rtt_seconds{to="m2"}', value: 0.112059 });
    expect(samples).toContainEqual({ key: 'etcdscope_peer_rtt_seconds{to="m3"}', value: 0.200643 });
  });

  it("counts what was sent since the look before, and not what an old connection sent once", async () => {
    const [young, old] = readFixture("slow").filter(({ remoteIp }) => remoteIp === "10.99.0.12");
    if (young === undefined || old === undefined) {
      throw new Error("No connections with m2");
    }
    const seen = { ...old, sent: 9000, roundTripUs: 300 };
    await look([{ ...young, sent: 1 }, seen]);
    await clock.advance(10_000);
    const { samples } = await look([{ ...young, sent: 40, roundTripUs: 201_000 }, seen]);
    expect(samples).toContainEqual({ key: 'etcdscope_peer_rtt_seconds{to="m2"}', value: 0.201 });
    await clock.advance(10_000);
    const idle = await look([
      { ...young, sinceSentMs: 12_000 },
      { ...seen, sinceSentMs: 15_000 },
    ]);
    expect(idle.samples?.map(({ key }) => key)).not.toContain('etcdscope_peer_rtt_seconds{to="m2"}');
  });

  it("tells of each direction in which connections do not move, and of no other peer", async () => {
    await look(readFixture("healthy"));
    await clock.advance(10_000);
    const seen = await look(readFixture("dropped"));
    expect(seen.facts?.[0]?.body.value).toMatchObject({
      problem: "",
      peers: [
        {
          toName: "m2",
          accepted: false,
          connections: 4,
          waiting: 2,
          timeouts: 3,
          unacknowledged: 2,
          sinceReceivedMs: 3344,
          sinceAcknowledgedMs: 6908,
        },
        { toName: "m2", accepted: true, connections: 3, waiting: 2, timeouts: 4, sinceReceivedMs: 6864 },
      ],
    });
    // 4 and 5 on those that were accepted, 4 and 4 on those that were dialled.
    expect(seen.samples).toContainEqual({ key: 'etcdscope_peer_resent_segments_total{to="m2"}', value: 17 });
    expect(seen.samples).toContainEqual({ key: 'etcdscope_peer_resent_segments_total{to="m3"}', value: 0 });
    await clock.advance(10_000);
    expect((await look(readFixture("healthy"))).removedFacts).toEqual(["peer_sockets"]);
  });

  it("leaves out connections that are not etcd's", async () => {
    rmSync(join(proc, "812/fd"), { recursive: true });
    mkdirSync(join(proc, "812/fd"));
    const seen = await look(readFixture("dropped"));
    expect(seen.removedFacts).toEqual(["peer_sockets"]);
    expect(seen.samples?.map(({ value }) => value)).toEqual([0, 0]);
  });

  it("looks once in ten seconds, however often it is asked", async () => {
    await look([]);
    await clock.advance(4000);
    expect(await look([])).toEqual({ againMs: 6000 });
    expect(asked).toHaveLength(1);
    await clock.advance(6000);
    await look([]);
    expect(asked).toHaveLength(2);
  });

  it("says why it cannot tell", async () => {
    const apart = await look([], { sharesNetwork: false });
    expect(apart.facts?.[0]?.body.value).toMatchObject({ problem: "etcd runs in a network of its own" });
    expect(asked).toEqual([]);
    await clock.advance(10_000);
    const absent = await look("ss (iproute2) is not on this node");
    expect(absent.facts?.[0]?.body.value).toMatchObject({
      peers: [],
      problem: "ss (iproute2) is not on this node",
    });
    expect(await look([], { pid: undefined })).toMatchObject({ againMs: 10_000 });
  });
});
