/** Reads an event stream as a client would: over a real connection, event by event. */
import type { StreamEventName, StreamEvents } from "../../../../shared/rest-stream.ts";

export interface ReadEvent {
  readonly name: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

export interface EventReader {
  readonly status: number;
  readonly headers: Headers;
  /** The next event of that name; others before it are passed over. */
  next<Name extends StreamEventName>(name: Name): Promise<StreamEvents[Name]>;
  /** The id that a browser would send when it comes back. */
  lastId(): string | undefined;
  /** Resolves when the collector ends the stream. */
  readToEnd(): Promise<void>;
  close(): void;
}

function parseBlock(block: string): ReadEvent {
  const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
  return { name: field("event") ?? "", id: field("id"), data: JSON.parse(field("data") ?? "null") };
}

export async function readEvents(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const abort = new AbortController();
  const answer = await fetch(url, { headers, signal: abort.signal });
  const reader = (answer.body ?? new ReadableStream<Uint8Array>()).getReader();
  const decoder = new TextDecoder();
  let text = "";
  let last: string | undefined;

  async function nextBlock(): Promise<string | undefined> {
    while (!text.includes("\n\n")) {
      const { value, done } = await reader.read();
      if (done) {
        return undefined;
      }
      text += decoder.decode(value, { stream: true });
    }
    const end = text.indexOf("\n\n");
    const block = text.slice(0, end);
    text = text.slice(end + 2);
    return block;
  }

  return {
    status: answer.status,
    headers: answer.headers,
    async next<Name extends StreamEventName>(name: Name): Promise<StreamEvents[Name]> {
      for (;;) {
        const block = await nextBlock();
        if (block === undefined) {
          throw new Error(`The stream ended before "${name}"`);
        }
        const event = parseBlock(block);
        last = event.id ?? last;
        if (event.name === name) {
          return event.data as StreamEvents[Name];
        }
      }
    },
    lastId: () => last,
    async readToEnd() {
      while ((await nextBlock()) !== undefined) {
        // Only the end is of interest.
      }
    },
    close: () => abort.abort(),
  };
}
