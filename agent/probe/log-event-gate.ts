/** Log events → frames, never more than one a minute of each code: the first at once, the rest counted. Pure. */
import { create } from "@bufbuild/protobuf";
import { EventSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Event } from "../../shared/gen/etcdscope/v1/fact_pb.js";

export interface LogOccurrence {
  readonly code: string;
  readonly severity: string;
  readonly atMs: number;
  /** Redacted and bounded. */
  readonly excerpt: string;
  /** The message and its reason alone, for a sentence; redacted and bounded too. */
  readonly said: string;
}

const REPEAT_EVERY_MS = 60_000;
/** The catalogue has fewer codes. */
const MAX_CODES = 200;

interface Held {
  toldAtMs: number;
  count: number;
  last: LogOccurrence | undefined;
}

export class LogEventGate {
  readonly #held = new Map<string, Held>();

  /** The events to be sent now, at most one for each code. `nowMs` is monotonic. */
  take(occurrences: readonly LogOccurrence[], nowMs: number): Event[] {
    for (const occurrence of occurrences) {
      const held = this.#held.get(keyOf(occurrence)) ?? {
        toldAtMs: Number.NEGATIVE_INFINITY,
        count: 0,
        last: undefined,
      };
      if (this.#held.size < MAX_CODES || this.#held.has(keyOf(occurrence))) {
        this.#held.set(keyOf(occurrence), held);
      }
      held.count += 1;
      // Of the first burst the first line; later the newest.
      held.last = held.toldAtMs === Number.NEGATIVE_INFINITY ? (held.last ?? occurrence) : occurrence;
    }
    const events: Event[] = [];
    for (const [key, held] of this.#held) {
      if (nowMs - held.toldAtMs < REPEAT_EVERY_MS) {
        continue;
      }
      if (held.last === undefined) {
        this.#held.delete(key);
        continue;
      }
      const { code, severity, atMs, excerpt, said } = held.last;
      const attributes = { code, severity, count: String(held.count), said, line: excerpt };
      events.push(
        create(EventSchema, { atUnixMs: BigInt(Math.round(atMs)), kind: "log", subject: "etcd", attributes }),
      );
      held.toldAtMs = nowMs;
      held.count = 0;
      held.last = undefined;
    }
    return events;
  }
}

function keyOf({ code, severity }: LogOccurrence): string {
  return `${code}/${severity}`;
}
