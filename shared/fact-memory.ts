/**
 * Facts as a stream repeats them: each keyframe says every fact in force once more, mostly in the same bytes. Those are read once, and
 * whoever compares two of them finds the same object. Facts are never changed after they were read.
 */
import { fromBinary } from "@bufbuild/protobuf";
import { hash } from "node:crypto";
import { compactMessage } from "./compact-message.ts";
import { FactSchema, type Fact } from "./gen/etcdscope/v1/fact_pb.js";

/** What one stream's memory holds, at most, in bytes of facts; an agent has some 30 facts in 7 KiB. */
const MOST_BYTES = 128 * 1024;
/** What is larger is read each time. */
const MOST_FACT_BYTES = 8 * 1024;

/** Where facts that were read keep their bytes, so that whoever stores them need not write them anew. */
const WIRE = Symbol("wire");

interface ReadFacts extends ReadonlyArray<Fact> {
  [WIRE]?: readonly Uint8Array[];
}

export interface FactMemory {
  /** The fact of these bytes of a Fact message; throws when they hold none. */
  read(bytes: Uint8Array): Fact;
}

/** Knows facts by the SHA-256 of their bytes, which takes a fifth of the memory that the bytes would. */
export function createFactMemory(): FactMemory {
  const known = new Map<string, Fact>();
  let held = 0;

  return {
    read: (bytes) => {
      if (bytes.length > MOST_FACT_BYTES) {
        return fromBinary(FactSchema, bytes);
      }
      const digest = hash("sha256", bytes, "binary");
      const before = known.get(digest);
      if (before !== undefined) {
        return before;
      }
      const fact = compactMessage(FactSchema, fromBinary(FactSchema, bytes));
      if (held + bytes.length > MOST_BYTES) {
        known.clear();
        held = 0;
      }
      known.set(digest, fact);
      held += bytes.length;
      return fact;
    },
  };
}

/** These facts came in these bytes, one by one; kept for as long as this list of them is. */
export function keepWire(facts: readonly Fact[], bytes: readonly Uint8Array[]): void {
  // not enumerable: a list equals one that was made
  Object.defineProperty(facts, WIRE, { value: bytes });
}

/** The bytes of a Fact message each that this list was read from, in its order; undefined when it was made, or read elsewhere. */
export function findWire(facts: readonly Fact[]): readonly Uint8Array[] | undefined {
  const wire = (facts as ReadFacts)[WIRE];
  return wire?.length === facts.length ? wire : undefined;
}
