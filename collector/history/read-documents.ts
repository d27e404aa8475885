/** Rows of facts and events → the wire's documents. Pure. */
import { create, fromBinary } from "@bufbuild/protobuf";
import type { ReceivedFrame } from "../../shared/frame.ts";
import { placeMs } from "../../shared/frame-place.ts";
import { EventSchema, FactSchema, type Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { FactChange, NodeEvent, NodeThen } from "./history-door.ts";
import type { ChangeRow, FactRow, NodeEventRow, RolledUpNode } from "./worker-protocol.ts";

export function toFactChange({ node, key, atMs, before, after }: ChangeRow): FactChange {
  return { node, key, atMs, before: toFact(before), after: toFact(after) };
}

function toFact(body: Uint8Array | null): Fact | undefined {
  return body === null ? undefined : fromBinary(FactSchema, body);
}

/** The nodes of the frames and of the roll-ups with their facts; `frames` has the newest of each, `rolledUp` the others. By name. */
export function joinNodes(
  facts: readonly FactRow[],
  frames: readonly ReceivedFrame[],
  rolledUp: readonly RolledUpNode[],
): readonly NodeThen[] {
  const byNode = Map.groupBy(facts, ({ node }) => node);
  const known = [
    ...frames.map((last) => ({ node: last.agent.node, lastHeardMs: placeMs(last.frame), last })),
    ...rolledUp.map(({ node, atMs }) => ({ node, lastHeardMs: atMs, last: undefined })),
  ];
  return known
    .map((one) => ({
      ...one,
      facts: (byNode.get(one.node) ?? []).map(({ sinceMs, body }) => ({
        sinceMs,
        fact: fromBinary(FactSchema, body),
      })),
    }))
    .sort((one, other) => (one.node < other.node ? -1 : 1));
}

export function toNodeEvent({ node, atMs, kind, subject, attributes }: NodeEventRow): NodeEvent {
  return { node, event: create(EventSchema, { atUnixMs: BigInt(atMs), kind, subject, attributes }) };
}
