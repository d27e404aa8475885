/** One directed link from the facts of its own end; an end that nobody watches is unknown, never up or down. */
import type { LinkFact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { Layer } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { LayerState } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import type { LinkState, LinkView, MemberView, NodeView } from "./cluster-view.ts";
import { findFact, findPoint, readSince } from "./node-reading.ts";
import { plainError } from "./plain-error.ts";

export interface LinkEnds {
  readonly from: MemberView;
  readonly to: MemberView;
  readonly port: "client" | "peer";
  /** The node of `from`, where an agent watches it. */
  readonly node: NodeView | undefined;
}

export function readLink(ends: LinkEnds): LinkView {
  const { from, to, port, node } = ends;
  const base = { from: from.name, to: to.name, port };
  if (node === undefined || !node.agent.isCurrent) {
    return { ...base, ...UNSEEN, why: sayUnseen(from.name, node) };
  }
  const held = findFact(node.state, `link/${to.name}/${port}`, "link");
  if (held === undefined) {
    const why = {
      en: `${node.name} has not probed ${to.name} yet`,
      zh: `${node.name} 尚未探测 ${to.name}`,
    };
    return { ...base, ...UNSEEN, why };
  }
  const fact = held.body;
  const layers = {
    tcp: toLayer(fact.tcp),
    tls: toLayer(fact.tls),
    http: toLayer(fact.http),
    kernel: toLayer(fact.kernel),
    large: toLayer(fact.large),
  };
  const state = judgeLayers(layers);
  const rtt = findPoint(
    node.state,
    { metric: "etcdscope_link_round_trip_seconds", labels: { to: to.name, port } },
    0,
  );
  const connections =
    port === "peer"
      ? findPoint(node.state, { metric: "etcdscope_peer_connections", labels: { to: to.name } }, 0)
      : undefined;
  return {
    ...base,
    ...layers,
    state,
    largeText: fact.largeText,
    slowLookupMs: fact.slowLookupMs,
    connections: connections?.value,
    address: fact.address,
    errorCode: fact.errorCode,
    why: sayLink(fact, layers, state),
    rttMs: rtt === undefined ? undefined : rtt.value * 1000,
    sinceMs: readSince(fact.sinceUnixMs, held.sinceMs, node.state),
    node: node.name,
    atMs: node.state.atMs,
  };
}

type Layers = Pick<LinkView, "tcp" | "tls" | "http" | "kernel" | "large">;

const UNSEEN = {
  state: "unknown",
  tcp: "unknown",
  tls: "unknown",
  http: "unknown",
  kernel: "unknown",
  large: "unknown",
  largeText: "",
  slowLookupMs: 0,
  connections: undefined,
  address: "",
  errorCode: "",
  rttMs: undefined,
  sinceMs: undefined,
  node: undefined,
  atMs: undefined,
} as const;

/**
 * Any failed layer is down. So is a stuck kernel connection under a request that still works: those are the streams
 * that raft itself uses, and after a partition they come back later than a new connection. Where what is large is lost, etcd
 * opens its streams anew every few seconds, and they look well until something large is sent on them again.
 */
function judgeLayers(layers: Layers): LinkState {
  const all = [layers.tcp, layers.tls, layers.http, layers.kernel, layers.large];
  if (all.includes("failed")) {
    return "down";
  }
  return layers.http === "ok" || layers.kernel === "ok" ? "up" : "unknown";
}

function toLayer(layer: Layer): LayerState {
  switch (layer) {
    case Layer.OK:
      return "ok";
    case Layer.FAILED:
      return "failed";
    case Layer.UNKNOWN:
    case Layer.UNSPECIFIED:
    default:
      return "unknown";
  }
}

function sayUnseen(from: string, node: NodeView | undefined): Text {
  return node === undefined
    ? { en: `no agent watches ${from}`, zh: `没有代理监视 ${from}` }
    : {
        en: `the agent on ${node.name} is not heard`,
        zh: `收不到 ${node.name} 上代理的消息`,
      };
}

function sayLink(fact: LinkFact, layers: Layers, state: LinkState): Text {
  if (state === "up") {
    return { en: `${fact.address} answers`, zh: `${fact.address} 有应答` };
  }
  if (state === "unknown") {
    const reason = fact.errorText === "" ? fact.kernelText : fact.errorText;
    return {
      en: `not known yet${reason === "" ? "" : `: ${reason}`}`,
      zh: `尚不清楚${reason === "" ? "" : `：${reason}`}`,
    };
  }
  const layer = (["tcp", "tls", "http"] as const).find((name) => layers[name] === "failed");
  if (layer === undefined && layers.kernel !== "failed") {
    return {
      en: `${fact.address} answers what is small, and not a request of 6 KiB`,
      zh: `${fact.address} 能应答小请求，但 6 KiB 的请求没有应答`,
    };
  }
  if (layer === undefined) {
    return {
      en: `etcd's own connections to ${fact.address} do not move: ${fact.kernelText}`,
      zh: `etcd 到 ${fact.address} 的自有连接停滞：${fact.kernelText}`,
    };
  }
  const reason = plainError(fact.errorText, fact.errorCode);
  return {
    en: `${layer.toUpperCase()}${reason.includes(fact.address) ? "" : ` to ${fact.address}`} fails: ${reason}`,
    zh: `${reason.includes(fact.address) ? "" : `到 ${fact.address} 的 `}${layer.toUpperCase()} 失败：${reason}`,
  };
}
