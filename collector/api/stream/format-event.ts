/** One event in the wire form of server-sent events. */
import type { StreamEventName, StreamEvents } from "../../../shared/rest-stream.ts";

export interface OutgoingEvent<Name extends StreamEventName> {
  readonly name: Name;
  readonly data: StreamEvents[Name];
}

/** Milliseconds after which a browser tries again. */
const RETRY_MS = 2000;

/** JSON holds no line break, so one data line is enough. */
export function formatEvent<Name extends StreamEventName>(event: OutgoingEvent<Name>): Buffer {
  const retry = event.name === "hello" ? `retry: ${RETRY_MS}\n` : "";
  return Buffer.from(`${retry}event: ${event.name}\ndata: ${JSON.stringify(event.data)}\n\n`);
}

/** The same event with what a client gives back as Last-Event-ID; without one, the id before stays in force. */
export function identifyEvent(block: Buffer, id: string): Buffer {
  return Buffer.concat([Buffer.from(`id: ${id}\n`), block]);
}
