/**
 * Round trips and what was sent again on etcd's own connections with its peers, by socket diagnostics: once a minute, and when a
 * link has come into doubt or become slow (link.ts asks) or packets are lost (network.ts), never more than once in ten seconds. A
 * connection that does not move makes a fact.
 */
import { create } from "@bufbuild/protobuf";
import {
  FactSchema,
  PeerSocketsFactSchema,
  PeerSocketsSchema,
} from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { PeerSockets } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Sample } from "../../shared/frame.ts";
import { seriesKey } from "../../shared/series-key.ts";
import type { DiagnosedSocket } from "../host/parse-socket-diagnostics.ts";
import { kernelAddresses } from "../host/parse-tcp-sockets.ts";
import { SocketOwners } from "../host/socket-owners.ts";
import { assertDiscovered } from "./assert-discovered.ts";
import { findPeerPlace } from "./find-peer-place.ts";
import type { PeerPlace } from "./find-peer-place.ts";
import type { Observation, Probe, ProbeContext, ProbeSetup } from "./probe.ts";

export const PEER_SOCKETS_PROBE = "peer_sockets";
const KEY = "peer_sockets";
/** Links that come and go ask often. */
const LEAST_APART_US = 10_000_000;
/** The estimate of a connection on which nothing was sent for longer is of another time, whatever has come on it. */
const RECENT_MS = 10_000;
/** etcd sends at least every 1.7 s on each stream: what brought nothing for this long does not move. */
const SILENT_MS = 3000;

interface Peer {
  readonly name: string;
  readonly place: PeerPlace;
}

interface Direction {
  readonly name: string;
  readonly isAccepted: boolean;
  readonly sockets: readonly DiagnosedSocket[];
}

export function createPeerSocketsProbe({ config }: ProbeSetup): Probe {
  let lookedUs = Number.NEGATIVE_INFINITY;
  let owners: SocketOwners | undefined;
  /** By connection, as of the last look; undefined: there was none. */
  let before: ReadonlyMap<number, DiagnosedSocket> | undefined;
  /** By member: those that there are. */
  let totals: ReadonlyMap<string, number> = new Map();

  async function run(context: ProbeContext): Promise<Observation> {
    const { host, clock, signal } = context;
    const etcd = assertDiscovered(context);
    const nowUs = clock.monotonicUs();
    const restUs = lookedUs + LEAST_APART_US - nowUs;
    if (restUs > 0) {
      return { againMs: Math.ceil(restUs / 1000) };
    }
    const peers = listPeers(context);
    if (etcd.pid === undefined || peers.length === 0) {
      return { removedFacts: [KEY] };
    }
    lookedUs = nowUs;
    if (etcd.sharesNetwork === false) {
      return tell([], "etcd runs in a network of its own");
    }
    const wanted = {
      addresses: [...new Set(peers.map(({ place }) => place.host))],
      ports: [...new Set(peers.flatMap(({ place: { port, ownPort } }) => [port, ownPort ?? port]))],
      withIpv6: peers.some(({ place }) => place.withIpv6),
    };
    const { sockets, problem } = await host.readSocketDiagnostics(wanted, signal);
    if (problem !== "") {
      return tell([], problem);
    }
    owners ??= new SocketOwners(host.procRoot);
    owners.follow(etcd.pid);
    const own = owners.keepOwn(sockets);
    const directions = peers.flatMap((peer) => sortSockets(peer, own));
    totals = new Map(
      peers.map(({ name }) => [name, (totals.get(name) ?? 0) + countResent(name, directions)]),
    );
    const samples = peers.flatMap(({ name }) => measure(name, directions));
    const troubled = directions.filter(isInTrouble).map((one) => describe(one, before));
    before = new Map(own.map((socket) => [socket.inode, socket]));
    return { samples, ...tell(troubled, "") };
  }

  function listPeers(context: ProbeContext): readonly Peer[] {
    return context.etcd.otherMembers().flatMap((member) => {
      const place = findPeerPlace(context, member, config);
      // A name is one until a connection of ours has resolved it.
      return place === undefined || kernelAddresses(place.host) === undefined
        ? []
        : [{ name: member.name, place }];
    });
  }

  /** Since the look before; what was sent again before the first one is of an unknown time. */
  function countResent(name: string, directions: readonly Direction[]): number {
    const known = before;
    return known === undefined
      ? 0
      : sum(
          socketsOf(name, directions).map((one) =>
            Math.max(0, one.resent - (known.get(one.inode)?.resent ?? 0)),
          ),
        );
  }

  function measure(name: string, directions: readonly Direction[]): readonly Sample[] {
    const total = totals.get(name) ?? 0;
    const sockets = socketsOf(name, directions);
    const trip = findBusiest(
      sockets.filter(({ sinceSentMs }) => sinceSentMs <= RECENT_MS),
      before,
    )?.roundTripUs;
    return [
      { key: seriesKey("etcdscope_peer_resent_segments_total", { to: name }), value: total },
      ...(trip === undefined
        ? []
        : [{ key: seriesKey("etcdscope_peer_rtt_seconds", { to: name }), value: trip / 1e6 }]),
    ];
  }

  return { name: PEER_SOCKETS_PROBE, cadence: "slow", timeLimitMs: 4000, run };
}

function tell(peers: readonly PeerSockets[], problem: string): Observation {
  if (peers.length === 0 && problem === "") {
    return { removedFacts: [KEY] };
  }
  const value = create(PeerSocketsFactSchema, { peers: [...peers], problem });
  return { facts: [create(FactSchema, { key: KEY, body: { case: "peerSockets", value } })] };
}

function sortSockets({ name, place }: Peer, own: readonly DiagnosedSocket[]): readonly Direction[] {
  const theirs = own.filter(({ remoteIp }) => isSameAddress(remoteIp, place.host));
  const dialled = theirs.filter(({ remotePort }) => remotePort === place.port);
  const accepted = theirs.filter((one) => one.localPort === place.ownPort && one.remotePort !== place.port);
  return [
    { name, isAccepted: false, sockets: dialled },
    { name, isAccepted: true, sockets: accepted },
  ].filter(({ sockets }) => sockets.length > 0);
}

function socketsOf(name: string, directions: readonly Direction[]): readonly DiagnosedSocket[] {
  return directions.filter((one) => one.name === name).flatMap(({ sockets }) => sockets);
}

function isSameAddress(one: string, other: string): boolean {
  return one === other || kernelAddresses(one)?.[0] === kernelAddresses(other)?.[0];
}

/** Those that its owner has dialled bring raft's messages; on those that were accepted what is sent waits for an acknowledgement. */
function isInTrouble({ isAccepted, sockets }: Direction): boolean {
  return (
    sockets.some(isWaiting) ||
    (!isAccepted && Math.min(...sockets.map(({ sinceReceivedMs }) => sinceReceivedMs)) >= SILENT_MS)
  );
}

function isWaiting({ timeouts }: DiagnosedSocket): boolean {
  return timeouts > 0;
}

/**
 * The one on which most was sent since the look before: its smoothed estimate follows within seconds, while those of the streams that
 * etcd only receives on stay what they were when they were dialled.
 */
function findBusiest(
  sockets: readonly DiagnosedSocket[],
  before: ReadonlyMap<number, DiagnosedSocket> | undefined,
): DiagnosedSocket | undefined {
  const count = ({ inode, sent }: DiagnosedSocket): number => sent - (before?.get(inode)?.sent ?? 0);
  return sockets
    .filter(({ roundTripUs }) => roundTripUs !== undefined)
    .toSorted((one, other) => count(other) - count(one) || one.sinceSentMs - other.sinceSentMs)[0];
}

function describe(
  { name, isAccepted, sockets }: Direction,
  before: ReadonlyMap<number, DiagnosedSocket> | undefined,
): PeerSockets {
  const waiting = sockets.filter(isWaiting);
  const busiest = findBusiest(sockets, before);
  return create(PeerSocketsSchema, {
    toName: name,
    accepted: isAccepted,
    connections: sockets.length,
    waiting: waiting.length,
    timeouts: Math.max(...sockets.map(({ timeouts }) => timeouts)),
    unacknowledged: sum(sockets.map(({ unacknowledged }) => unacknowledged)),
    resent: sum(sockets.map((one) => one.resent)),
    roundTripUs: busiest?.roundTripUs ?? 0,
    deviationUs: busiest?.deviationUs ?? 0,
    leastRoundTripUs: busiest?.leastRoundTripUs ?? 0,
    sinceReceivedMs: Math.min(...sockets.map(({ sinceReceivedMs }) => sinceReceivedMs)),
    sinceAcknowledgedMs: Math.max(0, ...waiting.map(({ sinceAcknowledgedMs }) => sinceAcknowledgedMs)),
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
