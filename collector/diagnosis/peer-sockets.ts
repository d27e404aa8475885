/** What socket diagnostics show of etcd's own connections between two members, as evidence beside what is said of their link. */
import type { PeerSockets } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Evidence } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import type { LinkView, NodeView } from "../view/cluster-view.ts";
import { findFact, findIncrease, findPoint, findRun } from "../view/node-reading.ts";
import { createEvidence } from "./evidence.ts";
import { formatDuration } from "./format.ts";
import type { JudgedCluster } from "./judged-cluster.ts";
import { findNode } from "./judged-cluster.ts";

const SOURCE = "socket diagnostics";
const PROBE = "peer_sockets";
/** Two looks of the probe, which come once a minute, and a little. */
const RECENT_MS = 130_000;

/** How far those connections are stuck, or why that was not seen. */
export function provePeerSockets(cluster: JudgedCluster, link: LinkView): readonly Evidence[] {
  const node = findNode(cluster, link.node);
  const held = node === undefined ? undefined : findFact(node.state, "peer_sockets", "peerSockets");
  if (node === undefined || held === undefined) {
    return [];
  }
  const { peers, problem } = held.body;
  // Its figures are others at each look; a problem may stay the same for as long as the probe is heard of.
  const saidMs = problem === "" ? held.sinceMs : (findRun(node.state, PROBE, "")?.lastOkAtMs ?? held.sinceMs);
  if (saidMs < cluster.nowMs - RECENT_MS) {
    return [];
  }
  const origin = { node: node.name, source: SOURCE, atMs: saidMs };
  if (problem !== "") {
    const text = {
      en: `what TCP keeps of etcd's own connections is unknown: ${problem}`,
      zh: `etcd 自有连接的 TCP 状态未知：${problem}`,
    };
    return [createEvidence(origin, text)];
  }
  return peers.filter(({ toName }) => toName === link.to).map((one) => createEvidence(origin, say(one)));
}

function say(one: PeerSockets): Text {
  const received = formatDuration(one.sinceReceivedMs);
  const acknowledged = formatDuration(one.sinceAcknowledgedMs);
  const trip = sayTrip(one);
  const way = one.accepted
    ? { en: `connections that ${one.toName} has dialled`, zh: `${one.toName} 拨入的连接` }
    : { en: `connections dialled to ${one.toName}`, zh: `拨往 ${one.toName} 的连接` };
  const waits =
    one.waiting === 0
      ? { en: "", zh: "" }
      : {
          en: `; ${one.waiting} wait for an acknowledgement, for up to ${acknowledged.en} and ${one.timeouts} timeouts in a row, ${one.unacknowledged} segments in flight`,
          zh: `；其中 ${one.waiting} 个等待确认，最长 ${acknowledged.zh}、连续超时 ${one.timeouts} 次，在途 ${one.unacknowledged} 段`,
        };
  return {
    en: `${one.connections} ${way.en}: the last came ${received.en} before${waits.en}; ${one.resent} segments sent again${trip.en}`,
    zh: `${one.connections} 个${way.zh}：最近一次收到数据在 ${received.zh}前${waits.zh}；重传 ${one.resent} 段${trip.zh}`,
  };
}

function sayTrip({ roundTripUs, deviationUs, leastRoundTripUs }: PeerSockets): Text {
  if (roundTripUs === 0) {
    return { en: "", zh: "" };
  }
  const [trip, deviation, least] = [roundTripUs, deviationUs, leastRoundTripUs].map(formatMicros);
  return {
    en: `; round trip ${trip} ± ${deviation} ms, at least ${least} ms`,
    zh: `；往返 ${trip} ± ${deviation} 毫秒，最小 ${least} 毫秒`,
  };
}

function formatMicros(micros: number): string {
  return String(Number((micros / 1000).toPrecision(2)));
}

/** The kernel's own round trip on those connections, where it was looked at lately and not before `afterMs`. */
export function proveRoundTrip(cluster: JudgedCluster, link: LinkView, afterMs: number): readonly Evidence[] {
  const node = findNode(cluster, link.node);
  const name = { metric: "etcdscope_peer_rtt_seconds", labels: { to: link.to } };
  const sinceMs = Math.max(afterMs, cluster.nowMs - RECENT_MS);
  const point = node === undefined ? undefined : findPoint(node.state, name, sinceMs);
  if (node === undefined || point === undefined) {
    return [];
  }
  const tripMs = formatMicros(point.value * 1e6);
  const text = {
    en: `the kernel's smoothed round trip of etcd's own connections to ${link.to} is ${tripMs} ms`,
    zh: `内核对 etcd 到 ${link.to} 自有连接的平滑往返时间为 ${tripMs} 毫秒`,
  };
  return [
    createEvidence({ node: node.name, source: SOURCE, atMs: point.atMs }, text, {
      value: Number(tripMs),
      unit: "ms",
    }),
  ];
}

/** What was sent again to one other member on etcd's own connections. */
export interface Resent {
  readonly to: string;
  /** Segments. */
  readonly value: number;
  readonly overMs: number;
  readonly atMs: number;
}

/** To each of the others, where that was looked at lately. */
export function listResent(cluster: JudgedCluster, node: NodeView): readonly Resent[] {
  const sinceMs = cluster.nowMs - RECENT_MS;
  return cluster.view.links
    .filter(({ from, port }) => from === node.member && port === "peer")
    .flatMap(({ to }) => {
      const name = { metric: "etcdscope_peer_resent_segments_total", labels: { to } };
      const grown = findIncrease(node.state, name, sinceMs);
      return grown === undefined ? [] : [{ to, ...grown }];
    });
}

/** It tells between which nodes packets are lost. */
export function proveResent(node: NodeView, resent: readonly Resent[]): readonly Evidence[] {
  if (resent.length === 0) {
    return [];
  }
  const shown = resent.map(({ to, value }) => `${to}: ${value}`);
  const over = formatDuration(Math.max(...resent.map(({ overMs }) => overMs)));
  const text = {
    en: `sent again on etcd's own connections within ${over.en}: ${shown.join(", ")}`,
    zh: `${over.zh}内 etcd 自有连接上的重传段数：${shown.join("、")}`,
  };
  const atMs = Math.max(...resent.map((one) => one.atMs));
  return [createEvidence({ node: node.name, source: SOURCE, atMs }, text)];
}
