/**
 * What a capture has of nodes that sent no frame in it before its span: the facts that held when they fell silent, in the form of the
 * keyframe that their agent would have sent then. Without them a replay would not know that there is such a node. Pure.
 */
import { fromJson, toJson, type JsonValue } from "@bufbuild/protobuf";
import { z } from "zod";
import type { ReceivedFrame } from "../../shared/frame.ts";
import { createFrameDecoder, createFrameEncoder } from "../../shared/frame-codec.ts";
import { placeMs } from "../../shared/frame-place.ts";
import { CapturedFrameSchema } from "../../shared/gen/etcdscope/v1/capture_pb.js";
import { fold } from "../view/fold.ts";
import type { ClusterFrames, HeldFact, NodeState } from "../view/node-state.ts";
import { toCapturedFrame, toReceivedFrame } from "./captured-frame.ts";
import { orderFrames } from "./order-frames.ts";

/** A node that had been heard by a moment, with what held on it then. Times are places in time. */
export interface KnownNode {
  readonly node: string;
  readonly lastHeardMs: number;
  /** Its newest frame; undefined where it is not kept any more. */
  readonly last: ReceivedFrame | undefined;
  readonly facts: readonly { readonly sinceMs: number; readonly fact: HeldFact["fact"] }[];
}

/** Who had been heard, and was not from `silentSinceMs` until `atMs`. */
export interface SilentQuery {
  readonly cluster: string;
  readonly atMs: number;
  readonly silentSinceMs: number;
}

/** In the header of a capture. */
export interface FactsAtStart {
  /** Those that were heard last come first. */
  readonly nodes: readonly WrittenNode[];
  /** Nodes of which the capture tells nothing, because that would have been too much: those that were heard longest ago. */
  readonly leftOut: number;
}

interface WrittenNode {
  /** Since when each fact holds, by its key: a place in time. */
  readonly sinceMs: Readonly<Record<string, number>>;
  /** The CapturedFrame as proto3 JSON. */
  readonly keyframe: JsonValue;
}

/** A node as a replay begins with it. */
export interface NodeAtStart {
  readonly received: ReceivedFrame;
  readonly sinceMs: Readonly<Record<string, number>>;
}

/** What the keyframe holds is looked at when it is read as the message that it is. */
export const FACTS_AT_START = z.looseObject({
  nodes: z.array(z.looseObject({ sinceMs: z.record(z.string(), z.number()), keyframe: z.unknown() })),
  leftOut: z.int().min(0),
});

/** Some tens of kilobytes are usual for a node; sixty-four of them fit, and the header stays far below its own limit. */
const MAX_BYTES = 4 * 2 ** 20;

export interface StartRequest {
  readonly cluster: string;
  /** Whoever was heard from then on is in the frames. */
  readonly beginMs: number;
  /** The collector forgets a node that was not heard for longer. */
  readonly forgottenAfterMs: number;
}

/** undefined: every node is in the capture's frames. Redacted. */
export function encodeFactsAtStart(
  known: readonly KnownNode[],
  request: StartRequest,
  maxBytes = MAX_BYTES,
): FactsAtStart | undefined {
  const silent = findSilent(known, request);
  const nodes: WrittenNode[] = [];
  let bytes = 0;
  for (const node of silent) {
    const written = encodeNode(node, request.cluster);
    bytes += JSON.stringify(written).length;
    if (bytes > maxBytes) {
      break;
    }
    nodes.push(written);
  }
  return silent.length === 0 ? undefined : { nodes, leftOut: silent.length - nodes.length };
}

/** Those that were silent by then and still of the cluster; those heard last come first. */
function findSilent(
  known: readonly KnownNode[],
  { beginMs, forgottenAfterMs }: StartRequest,
): readonly KnownNode[] {
  return known
    .filter(({ lastHeardMs }) => lastHeardMs < beginMs && beginMs - lastHeardMs <= forgottenAfterMs)
    .toSorted((one, other) => other.lastHeardMs - one.lastHeardMs);
}

/** The same nodes without a capture between. */
export function foldSilent(known: readonly KnownNode[], request: StartRequest): ClusterFrames {
  const { cluster } = request;
  return foldFactsAtStart(
    cluster,
    findSilent(known, request).map((node) => beginNode(node, cluster)),
  );
}

function encodeNode(known: KnownNode, cluster: string): WrittenNode {
  const { received, sinceMs } = beginNode(known, cluster);
  return {
    sinceMs,
    keyframe: toJson(CapturedFrameSchema, toCapturedFrame(received, createFrameEncoder())),
  };
}

/** With the keyframe that its agent would have sent last. */
function beginNode({ node, lastHeardMs, last, facts }: KnownNode, cluster: string): NodeAtStart {
  const heard = last ?? createUnknown({ node, lastHeardMs, cluster });
  const frame = { ...heard.frame, keyframe: true, events: [], facts: facts.map(({ fact }) => fact) };
  return {
    received: { ...heard, frame },
    sinceMs: Object.fromEntries(facts.map(({ sinceMs, fact }) => [fact.key, sinceMs])),
  };
}

/** Of a node of whose last hour only roll-ups are left. */
function createUnknown(of: {
  readonly node: string;
  readonly lastHeardMs: number;
  readonly cluster: string;
}): ReceivedFrame {
  const { node, lastHeardMs, cluster } = of;
  return {
    agent: { cluster, node },
    instanceId: "",
    agentVersion: "",
    receivedAtMs: lastHeardMs,
    frame: {
      sequence: 0n,
      capturedAtMs: lastHeardMs,
      monotonicUs: 0,
      keyframe: true,
      samples: [],
      facts: [],
      events: [],
      probeRuns: [],
      droppedTotal: 0n,
      clockOffset: undefined,
    },
  };
}

/** Throws where a node cannot be read. */
export function decodeFactsAtStart(written: FactsAtStart, cluster: string): readonly NodeAtStart[] {
  return written.nodes.flatMap(({ keyframe, sinceMs }) => {
    const message = fromJson(CapturedFrameSchema, keyframe, { ignoreUnknownFields: true });
    const received = toReceivedFrame(message, { cluster, decoder: createFrameDecoder() });
    return received === undefined ? [] : [{ received, sinceMs }];
  });
}

/** The cluster before the first frame of the capture. */
export function foldFactsAtStart(cluster: string, nodes: readonly NodeAtStart[]): ClusterFrames {
  const states = nodes.flatMap(({ received, sinceMs }) =>
    orderFrames([received]).map((timed) => withSince(fold(undefined, timed.received), { received, sinceMs })),
  );
  return { cluster, nodes: new Map(states.map((state) => [state.node, state])) };
}

/** By the collector's clock, as all of a node's state is. */
function withSince(state: NodeState, { received, sinceMs }: NodeAtStart): NodeState {
  const aheadMs = placeMs(received.frame) - state.atMs;
  const facts = [...state.facts].map(([key, held]): [string, HeldFact] => {
    const since = sinceMs[key];
    return [
      key,
      since === undefined ? held : { ...held, sinceMs: since - aheadMs, leaderSinceMs: since - aheadMs },
    ];
  });
  return { ...state, facts: new Map(facts) };
}
