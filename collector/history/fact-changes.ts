/**
 * Which of a frame's documents say something new: a keyframe repeats every fact in force once a minute, and the writer
 * need not hear it. Remembers, for each agent, what it was told last.
 */
import { equals, toBinary } from "@bufbuild/protobuf";
import type { Frame, ReceivedFrame } from "../../shared/frame.ts";
import { placeMs } from "../../shared/frame-place.ts";
import { FactSchema, type Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";

/** What is to be recorded of a fact. */
export interface FactNews {
  readonly key: string;
  readonly atMs: number;
  /** As bytes of the wire; undefined: it holds no longer. */
  readonly body: Uint8Array | undefined;
}

export interface FrameNews {
  readonly facts: readonly FactNews[];
  /** Keys of every fact in force, where nothing is known of what was in force before: the others have ended. */
  readonly onlyKeys: readonly string[] | undefined;
  /** Of a late frame: from then on what came before it says in full what holds, and goes on to hold. */
  readonly untilMs: number | undefined;
}

const NO_NEWS: FrameNews = { facts: [], onlyKeys: undefined, untilMs: undefined };

/** What a frame says of documents, and when; without the samples and probe runs that it brought. */
export interface ToldFrame extends Pick<ReceivedFrame, "agent" | "instanceId"> {
  readonly frame: Pick<Frame, "sequence" | "keyframe" | "capturedAtMs" | "clockOffset" | "facts" | "events">;
}

export interface FactChanges {
  of(received: ToldFrame): FrameNews;
  /** Nothing is certain any more: a commit failed, or the file is another. Everything is told again. */
  forget(): void;
}

interface KnownOfAgent {
  readonly instanceId: string;
  /** Of the last frame. */
  readonly sequence: bigint;
  readonly atMs: number;
  /** The keyframe from which on nothing is missing. */
  readonly wholeSinceMs: number;
  readonly facts: Map<string, Fact>;
}

export function createFactChanges(): FactChanges {
  const agents = new Map<string, KnownOfAgent>();

  function of(received: ToldFrame): FrameNews {
    const { frame, agent, instanceId } = received;
    if (frame.facts.length === 0 && !frame.keyframe) {
      return NO_NEWS;
    }
    const atMs = placeMs(frame);
    const name = `${agent.cluster}/${agent.node}`;
    const known = agents.get(name);
    if (known !== undefined && isLate(received, known)) {
      return lateNews(name, received, known);
    }
    const isFresh = known?.instanceId !== instanceId;
    const before = isFresh ? new Map<string, Fact>() : known.facts;
    const found: FactNews[] = [];
    for (const fact of frame.facts) {
      const held = before.get(fact.key);
      if (fact.removed) {
        found.push(news(fact, atMs));
        before.delete(fact.key);
      } else if (held === undefined || (held !== fact && !equals(FactSchema, held, fact))) {
        found.push(news(fact, atMs));
        before.set(fact.key, fact);
      }
    }
    if (frame.keyframe) {
      const holds = new Set(frame.facts.map(({ key }) => key));
      for (const key of [...before.keys()].filter((one) => !holds.has(one))) {
        found.push({ key, atMs, body: undefined });
        before.delete(key);
      }
    }
    // until a keyframe has come, what was in force before is not known
    if (!isFresh || frame.keyframe) {
      const follows = !isFresh && frame.sequence === known.sequence + 1n;
      const wholeSinceMs = isFresh || (frame.keyframe && !follows) ? atMs : known.wholeSinceMs;
      agents.set(name, { instanceId, sequence: frame.sequence, atMs, wholeSinceMs, facts: before });
    }
    return {
      facts: found,
      onlyKeys: isFresh && frame.keyframe ? frame.facts.map(({ key }) => key) : undefined,
      untilMs: undefined,
    };
  }

  /** It changes the past, until what is known begins. */
  function lateNews(name: string, { frame }: ToldFrame, { wholeSinceMs }: KnownOfAgent): FrameNews {
    const atMs = placeMs(frame);
    const untilMs = wholeSinceMs > atMs ? wholeSinceMs : undefined;
    if (untilMs === undefined) {
      // the next keyframe is told in full, so that the present is right again
      agents.delete(name);
    }
    return {
      facts: frame.facts.map((fact) => news(fact, atMs)),
      onlyKeys: frame.keyframe && untilMs !== undefined ? frame.facts.map(({ key }) => key) : undefined,
      untilMs,
    };
  }

  return { of, forget: () => agents.clear() };
}

/** Of the same run, or of one before: a later one begins where the earlier has ended. */
function isLate({ frame, instanceId }: ToldFrame, known: KnownOfAgent): boolean {
  return known.instanceId === instanceId ? frame.sequence < known.sequence : placeMs(frame) < known.atMs;
}

function news(fact: Fact, atMs: number): FactNews {
  return { key: fact.key, atMs, body: fact.removed ? undefined : toBinary(FactSchema, fact) };
}
