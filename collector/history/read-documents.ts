/** Rows of facts and events → the wire's documents. Pure. */
import { create, fromBinary } from "@bufbuild/protobuf";
import { EventSchema, FactSchema, type Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { FactChange, FactThen, NodeEvent } from "./history-door.ts";
import type { ChangeRow, FactRow, NodeEventRow } from "./worker-protocol.ts";

export function toFactChange({ node, key, atMs, before, after }: ChangeRow): FactChange {
  return { node, key, atMs, before: toFact(before), after: toFact(after) };
}

function toFact(body: Uint8Array | null): Fact | undefined {
  return body === null ? undefined : fromBinary(FactSchema, body);
}

export function toFactThen({ node, sinceMs, body }: FactRow): FactThen {
  return { node, sinceMs, fact: fromBinary(FactSchema, body) };
}

export function toNodeEvent({ node, atMs, kind, subject, attributes }: NodeEventRow): NodeEvent {
  return { node, event: create(EventSchema, { atUnixMs: BigInt(atMs), kind, subject, attributes }) };
}
