/**
 * Facts as a stream repeats them: each keyframe says every fact in force once more, mostly in the same bytes. Those are read once, and
 * whoever compares two of them finds the same object. Facts are never changed after they were read.
 */
import { fromBinary } from "@bufbuild/protobuf";
import { FactSchema, type Fact } from "./gen/etcdscope/v1/fact_pb.js";

/** What one stream's memory holds, at most, in bytes of facts; an agent has some 40 facts in 12 KiB. */
const MOST_BYTES = 128 * 1024;
/** What is larger is read each time. */
const MOST_FACT_BYTES = 8 * 1024;

/** Where a fact that was read keeps its bytes, as Latin-1 text: whoever stores it need not write them anew. */
const WIRE = Symbol("wire");

interface ReadFact extends Fact {
  readonly [WIRE]?: string;
}

export interface FactMemory {
  /** The fact of these bytes of a Fact message; throws when they hold none. */
  read(bytes: Uint8Array): Fact;
}

export function createFactMemory(): FactMemory {
  const known = new Map<string, Fact>();
  let held = 0;

  return {
    read: (bytes) => {
      if (bytes.length > MOST_FACT_BYTES) {
        return fromBinary(FactSchema, bytes);
      }
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
      const before = known.get(text);
      if (before !== undefined) {
        return before;
      }
      const fact = fromBinary(FactSchema, bytes);
      if (held + bytes.length > MOST_BYTES) {
        known.clear();
        held = 0;
      }
      // not enumerable: a fact equals one that was made
      Object.defineProperty(fact, WIRE, { value: text });
      known.set(text, fact);
      held += bytes.length;
      return fact;
    },
  };
}

/** The bytes of a Fact message that this was read from, as Latin-1 text; undefined when it was made, or read elsewhere. */
export function findWireText(fact: Fact): string | undefined {
  return (fact as ReadFact)[WIRE];
}
