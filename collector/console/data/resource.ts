/** Answers of the collector that parts of the page share: asked once, kept fresh while somebody looks, kept when it fails. */
import { signal, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Problem } from "../../../shared/rest.ts";
import { nowMs } from "./browser-clock.ts";
import { chooseForgotten } from "./choose-forgotten.ts";
import { ask } from "./http.ts";
import { noteAnswer } from "./connection.ts";

export interface Resource<T> {
  /** The last answer; of another moment or span while the asked one is on its way. */
  readonly data: T | undefined;
  readonly problem: Problem | undefined;
  /** Why the collector did not answer the last time; undefined: it did. */
  readonly silentBecause: string | undefined;
  readonly isLoading: boolean;
  readonly receivedAtMs: number;
}

interface Entry {
  readonly path: string;
  readonly state: Signal<Resource<unknown>>;
  /** How often each of those who look wants it anew. */
  readonly wishes: Map<symbol, number | undefined>;
  timer: number | undefined;
  inFlight: Promise<void> | undefined;
  /** Something has changed while an answer was on its way: that one may be older. */
  isOutdated: boolean;
  usedAtMs: number;
}

const NOTHING: Resource<unknown> = {
  data: undefined,
  problem: undefined,
  silentBecause: undefined,
  isLoading: true,
  receivedAtMs: 0,
};
/** Answers that nobody looks at stay for the way back, about so many of them. */
const MAX_ENTRIES = 60;
/** After a failure: soon enough to notice that the collector is back, seldom enough not to hammer it. */
const RETRY_MS = 1_000;

const entries = new Map<string, Entry>();

function entryOf(path: string): Entry {
  const known = entries.get(path);
  if (known !== undefined) {
    return known;
  }
  const entry: Entry = {
    path,
    state: signal(NOTHING),
    wishes: new Map(),
    timer: undefined,
    inFlight: undefined,
    isOutdated: false,
    usedAtMs: nowMs(),
  };
  entries.set(path, entry);
  forgetOldest();
  return entry;
}

function forgetOldest(): void {
  if (entries.size <= MAX_ENTRIES) {
    return;
  }
  const kept = [...entries.values()].map(({ path, wishes, inFlight, usedAtMs }) => ({
    path,
    isInUse: wishes.size > 0 || inFlight !== undefined,
    usedAtMs,
  }));
  for (const path of chooseForgotten(kept, { nowMs: nowMs(), atMost: MAX_ENTRIES })) {
    entries.delete(path);
  }
}

/** Asks now, unless an answer is on its way already. */
function load(entry: Entry): Promise<void> {
  clearTimeout(entry.timer);
  entry.inFlight ??= fetchInto(entry).finally(() => {
    entry.inFlight = undefined;
    const isOutdated = entry.isOutdated && entry.wishes.size > 0;
    entry.isOutdated = false;
    if (isOutdated) {
      void load(entry);
    } else {
      schedule(entry);
    }
  });
  return entry.inFlight;
}

async function fetchInto({ path, state }: Entry): Promise<void> {
  const answer = await ask<unknown>(path);
  noteAnswer(answer.kind !== "silent");
  const before = state.value;
  switch (answer.kind) {
    case "ok":
      state.value = {
        data: answer.data,
        problem: undefined,
        silentBecause: undefined,
        isLoading: false,
        receivedAtMs: nowMs(),
      };
      break;
    case "problem":
      state.value = { ...before, problem: answer.problem, silentBecause: undefined, isLoading: false };
      break;
    case "silent":
      state.value = { ...before, silentBecause: answer.because, isLoading: false };
      break;
  }
}

function schedule(entry: Entry): void {
  clearTimeout(entry.timer);
  const wished = [...entry.wishes.values()].filter((everyMs) => everyMs !== undefined);
  const { silentBecause, problem } = entry.state.value;
  const hasFailed = silentBecause !== undefined || (problem !== undefined && problem.status >= 500);
  if (entry.wishes.size === 0 || (wished.length === 0 && !hasFailed)) {
    return;
  }
  const everyMs = hasFailed ? RETRY_MS : Math.min(...wished);
  entry.timer = setTimeout(() => {
    // A page that nobody sees asks nothing; it asks when it is looked at again.
    if (!document.hidden) {
      void load(entry);
    }
  }, everyMs);
}

/** Asks anew for whatever is looked at now and whose path begins so: something has changed there. */
export function refresh(prefix: string): void {
  for (const entry of entries.values()) {
    if (entry.wishes.size > 0 && entry.path.startsWith(prefix)) {
      entry.isOutdated = entry.inFlight !== undefined;
      void load(entry);
    }
  }
}

/** An answer that came by another way, the event stream. */
export function putAnswer(path: string, data: unknown): void {
  const entry = entries.get(path);
  if (entry !== undefined) {
    entry.state.value = {
      data,
      problem: undefined,
      silentBecause: undefined,
      isLoading: false,
      receivedAtMs: nowMs(),
    };
  }
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) {
    refresh("");
  }
});

/** Settles when the answer to this path has come or failed; for what must not run ahead of its answers. */
export async function settle(path: string): Promise<void> {
  const entry = entryOf(path);
  if (entry.state.value.receivedAtMs === 0) {
    await load(entry);
  }
}

/**
 * The answer to a path below /api/v1, asked again every `everyMs` while somebody looks; undefined: nothing is asked. While a new
 * path is on its way the answer to the last one stays, so that scrubbing does not flicker.
 */
export function useResource<T>(path: string | undefined, everyMs?: number): Resource<T> {
  const last = useRef<unknown>(undefined);
  const entry = path === undefined ? undefined : entryOf(path);
  useEffect(() => {
    if (entry === undefined) {
      return undefined;
    }
    const who = Symbol(entry.path);
    entry.wishes.set(who, everyMs);
    entry.usedAtMs = nowMs();
    const isSettled = everyMs === undefined && entry.state.value.receivedAtMs > 0;
    if (!isSettled) {
      void load(entry);
    }
    return () => {
      entry.wishes.delete(who);
      entry.usedAtMs = nowMs();
      schedule(entry);
    };
  }, [entry, everyMs]);
  const state = (entry?.state.value ?? NOTHING) as Resource<T>;
  if (state.data !== undefined) {
    last.current = state.data;
  }
  return state.data === undefined && state.problem === undefined
    ? { ...state, data: last.current as T | undefined }
    : state;
}
