import { describe, expect, it } from "vitest";
import type { EtcdMember } from "../../../agent/etcd/etcd-door.ts";
import type { TcpSocket } from "../../../agent/host/parse-tcp-sockets.ts";
import type { SocketLook, SocketRequest, TcpSocketReader } from "../../../agent/host/read-tcp-sockets.ts";
import { PeerKernelLook } from "../../../agent/probe/peer-kernel-look.ts";
import type { ProbeContext } from "../../../agent/probe/probe.ts";
import { createManualClock } from "../manual-clock.ts";
import { fakeEtcd, memberNamed } from "./fake-etcd.ts";
import { discoveredEtcd, probeContext, TEST_CONFIG } from "./probe-context.ts";

const SOCKET: TcpSocket = {
  inode: 7,
  localPort: 42_010,
  remotePort: 2380,
  sendQueueBytes: 12,
  retransmits: 0,
  retransmitTimeoutMs: 204,
};
const WELL = { isInDoubt: false, isSlow: false };

/** A reader that has these sockets to show, and keeps what it was asked for. */
function reading(look: () => SocketLook): {
  readonly reader: TcpSocketReader;
  readonly asked: SocketRequest[];
} {
  const asked: SocketRequest[] = [];
  const reader = {
    look: (request: SocketRequest) => {
      asked.push(request);
      return look();
    },
  };
  return { reader: reader as unknown as TcpSocketReader, asked };
}

function context(rest: Partial<ProbeContext> = {}, listen = "https://10.0.0.1:2380"): ProbeContext {
  return probeContext({
    clock: createManualClock(),
    etcd: fakeEtcd(),
    discovered: discoveredEtcd({ name: "m1", "listen-peer-urls": listen }, { pid: 812, startedAtMs: 0 }),
    target: "m2/peer",
    ...rest,
  });
}

const M2 = memberNamed("m2", 2n);

describe("agent/probe/peer-kernel-look", () => {
  it("asks for the connections with that peer, both those dialled and those accepted", () => {
    const { reader, asked } = reading(() => ({ sockets: [SOCKET], readUs: 1 }));
    const look = new PeerKernelLook("m2", TEST_CONFIG, reader);
    expect(look.look(context(), M2, WELL)).toMatchObject({ state: "ok" });
    expect(asked[0]).toMatchObject({
      pid: 812,
      remotePort: 2380,
      localPort: 2380,
      withIpv6: false,
      isInDoubt: false,
    });
    expect(asked[0]?.remote[0]).toBe("0200000A");
    expect(look.samples).toEqual([
      { key: 'etcdscope_peer_retransmit_timeout_seconds{to="m2"}', value: 0.204 },
      { key: 'etcdscope_peer_connections{to="m2"}', value: 1 },
      { key: 'etcdscope_peer_send_queue_bytes{to="m2"}', value: 12 },
      { key: 'etcdscope_peer_retransmits{to="m2"}', value: 0 },
    ]);
  });

  it("looks closer while the agent's own calls fail or are slow, and at IPv6 where etcd listens on a wildcard", () => {
    const { reader, asked } = reading(() => ({ sockets: [SOCKET], readUs: asked.length }));
    const look = new PeerKernelLook("m2", TEST_CONFIG, reader);
    look.look(context(), M2, { isInDoubt: true, isSlow: false });
    look.look(context(), M2, { isInDoubt: false, isSlow: true });
    look.look(context({}, "https://0.0.0.0:2380"), M2, WELL);
    expect(asked.map(({ isInDoubt, withIpv6 }) => [isInDoubt, withIpv6])).toEqual([
      [true, false],
      [true, false],
      [false, true],
    ]);
  });

  it("says why it cannot tell", () => {
    const f = (about: ProbeContext, member: EtcdMember, sockets: SocketLook["sockets"]): string => {
      const { reader } = reading(() => ({ sockets, readUs: 1 }));
      const look = new PeerKernelLook("m2", TEST_CONFIG, reader);
      const { state, text } = look.look(about, member, WELL);
      expect(state).toBe("unknown");
      expect(look.samples).toEqual([]);
      return text;
    };
    const gone = discoveredEtcd({ name: "m1" }, { pid: undefined });
    expect(f(context({ discovered: gone }), M2, [])).toBe("etcd does not run on this node");
    const named = { ...M2, peerUrls: ["https://m2.example:2380"] };
    expect(f(context(), named, [])).toContain("a name that has not been resolved yet");
    expect(f(context(), M2, undefined)).toBe("The table of etcd's connections cannot be read");
    // Two members at one address: who has dialled us, the address does not tell.
    const crowded = fakeEtcd({
      otherMembers: () => [M2, { ...memberNamed("m3", 3n), peerUrls: ["https://10.0.0.2:12380"] }],
    });
    expect(f(context({ etcd: crowded }), M2, [])).toContain("cannot be told apart at a shared address");
  });

  it("takes the address of a name from the agent's own connection", () => {
    const { reader, asked } = reading(() => ({ sockets: [SOCKET], readUs: 1 }));
    const etcd = fakeEtcd({
      findLook: () => ({
        address: "m2.example:2380",
        remoteIp: "10.0.0.9",
        tcp: "ok",
        tls: "ok",
        http: "ok",
        error: undefined,
        roundTripUs: undefined,
      }),
    });
    const named = { ...M2, peerUrls: ["https://m2.example:2380"] };
    new PeerKernelLook("m2", TEST_CONFIG, reader).look(context({ etcd }), named, WELL);
    expect(asked[0]?.remote[0]).toBe("0900000A");
  });
});
