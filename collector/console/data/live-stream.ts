/** The collector's event stream: what changes is shown at once. While there is none, pages ask at intervals instead. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { StreamEvents } from "../../../shared/rest-stream.ts";
import { noteAnswer } from "./connection.ts";
import { apiUrl, authorization, token } from "./http.ts";
import { parseEventStream, type StreamEvent } from "./parse-event-stream.ts";
import { putAnswer, refresh } from "./resource.ts";

/** The stream is there and spoke lately. */
export const isStreaming = signal(false);

const RETRY_MS = 2_000;
/** Heartbeats come every 5 s; a stream that misses two of them is dead, also when nothing closed it. */
const SILENCE_MS = 11_000;

/** Follows a cluster while somebody looks at its present; undefined: nothing is followed. */
export function useLiveStream(cluster: string | undefined): void {
  useEffect(() => (cluster === undefined ? undefined : follow(cluster)), [cluster, token.value]);
}

function follow(cluster: string): () => void {
  const path = `/clusters/${encodeURIComponent(cluster)}`;
  let stop = new AbortController();
  let isOver = false;
  let lastId: string | undefined;
  let retry: number | undefined;

  async function run(): Promise<void> {
    stop = new AbortController();
    try {
      const headers = { ...authorization(), ...(lastId === undefined ? {} : { "last-event-id": lastId }) };
      const response = await fetch(apiUrl(`${path}/stream`), { headers, signal: stop.signal });
      if (response.ok && response.body !== null) {
        await read(response.body);
      }
    } catch {
      // Whatever ended it, the next attempt tells; meanwhile the pages poll, and say so when that fails too.
    }
    isStreaming.value = false;
    if (!isOver) {
      retry = setTimeout(() => void run(), RETRY_MS);
    }
  }

  async function read(body: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    let silence = setTimeout(() => stop.abort(), SILENCE_MS);
    try {
      for await (const piece of body) {
        clearTimeout(silence);
        silence = setTimeout(() => stop.abort(), SILENCE_MS);
        isStreaming.value = true;
        noteAnswer(true);
        const parsed = parseEventStream(rest + decoder.decode(piece, { stream: true }));
        rest = parsed.rest;
        for (const event of parsed.events) {
          lastId = event.id ?? lastId;
          take(path, event);
        }
      }
    } finally {
      clearTimeout(silence);
    }
  }

  void run();
  return () => {
    isOver = true;
    clearTimeout(retry);
    stop.abort();
    isStreaming.value = false;
  };
}

/** What is read from the history is written there a moment after it is told. */
const RECORDED_AFTER_MS = 1_000;

function refreshRecorded(prefix: string): void {
  refresh(prefix);
  setTimeout(() => refresh(prefix), RECORDED_AFTER_MS);
}

/** A state comes whole; of the rest it is enough to know that there is news. */
function take(path: string, { name, data }: StreamEvent): void {
  switch (name) {
    case "state":
      putAnswer(path, JSON.parse(data) as StreamEvents["state"]);
      break;
    case "finding":
      refresh(`${path}/diagnosis`);
      refresh(`${path}/connectivity`);
      refresh(`${path}/can-i`);
      refreshRecorded(`${path}/incidents/`);
      break;
    case "incident":
      refreshRecorded(`${path}/incidents`);
      break;
    default:
      break;
  }
}
