/**
 * What may leave the house. Agents redact at the source; this holds for what an older one sent, and for secrets
 * that only look like one where they stand.
 */
import { FrameSchema, type Frame } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { clone } from "@bufbuild/protobuf";
import { redactSecrets } from "../../shared/log/redact-excerpt.ts";

/** Every text of the frame, wherever it is; numbers, names of series and identifiers stay as they are. */
export function redactFrame(frame: Frame): Frame {
  const copy = clone(FrameSchema, frame);
  redactIn([copy.facts, copy.events, copy.probeRuns]);
  return copy;
}

/** The same with every text redacted: for what a header holds. */
export function redactTexts<T>(value: T): T {
  const copy = structuredClone(value);
  if (typeof copy === "object" && copy !== null) {
    redactIn(copy);
  }
  return copy;
}

function redactIn(holder: object): void {
  for (const [key, value] of Object.entries(holder)) {
    if (typeof value === "string" && key !== "$typeName") {
      const redacted = redactSecrets(value);
      if (redacted !== value) {
        Reflect.set(holder, key, redacted);
      }
    } else if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
      redactIn(value as object);
    }
  }
}
