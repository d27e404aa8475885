/** How a rule or the view reads one node's samples, facts and runs without knowing how they are kept. */
import type { Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Labels } from "../../shared/series-key.ts";
import { knownSeriesKey } from "./known-series-key.ts";
import type { NodeState, Point, RunState } from "./node-state.ts";
import { runKey } from "./node-state.ts";

type FactCase = NonNullable<Fact["body"]["case"]>;
type FactBody<C extends FactCase> = Extract<Fact["body"], { readonly case: C }>["value"];

export interface SeriesName {
  readonly metric: string;
  readonly labels?: Labels;
}

/** Not after the frame that told it first: the node's clock may have been set back since. */
export function readSince(sinceUnixMs: bigint, toldAtMs: number, { clockOffsetMs }: NodeState): number {
  return sinceUnixMs > 0n ? Math.min(Number(sinceUnixMs) - clockOffsetMs, toldAtMs) : toldAtMs;
}

/** The newest point not older than `sinceMs`. */
export function findPoint(node: NodeState, name: SeriesName, sinceMs: number): Point | undefined {
  const point = node.series.last(knownSeriesKey(name.metric, name.labels));
  return point !== undefined && point.atMs >= sinceMs ? point : undefined;
}

/** Every kept point not older than `sinceMs`, oldest first. */
export function listPoints(node: NodeState, name: SeriesName, sinceMs: number): readonly Point[] {
  return node.series.list(knownSeriesKey(name.metric, name.labels), sinceMs);
}

/** How much a counter has grown over its newest looks. */
export interface Increase {
  readonly value: number;
  /** Of that, since the look before the newest: 0 when it is over. */
  readonly newest: number;
  readonly overMs: number;
  readonly atMs: number;
}

/** Three looks are two intervals: enough that one burst does not decide, and soon over when what they show is. */
const LOOKS = 3;

/** undefined with fewer than two looks since then, or when the counter began anew in between. */
export function findIncrease(node: NodeState, name: SeriesName, sinceMs: number): Increase | undefined {
  const points = listPoints(node, name, sinceMs).slice(-LOOKS);
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || last.atMs <= first.atMs || last.value < first.value) {
    return undefined;
  }
  const newest = last.value - (points.at(-2)?.value ?? first.value);
  return { value: last.value - first.value, newest, overMs: last.atMs - first.atMs, atMs: last.atMs };
}

export function findRun(node: NodeState, probe: string, target: string): RunState | undefined {
  return node.runs.get(runKey(probe, target));
}

export interface HeldBody<C extends FactCase> {
  readonly body: FactBody<C>;
  readonly sinceMs: number;
  readonly leaderSinceMs: number;
}

export function findFact<C extends FactCase>(node: NodeState, key: string, kind: C): HeldBody<C> | undefined {
  const held = node.facts.get(key);
  return held?.fact.body.case === kind
    ? {
        body: held.fact.body.value as FactBody<C>,
        sinceMs: held.sinceMs,
        leaderSinceMs: held.leaderSinceMs,
      }
    : undefined;
}

/** By the map of facts, which is another as soon as one of them is. */
const factsByKind = new WeakMap<NodeState["facts"], Map<FactCase, readonly FactBody<FactCase>[]>>();

/** All facts of one kind, by key. */
export function listFacts<C extends FactCase>(node: NodeState, kind: C): readonly FactBody<C>[] {
  let byKind = factsByKind.get(node.facts);
  if (byKind === undefined) {
    byKind = sortFacts(node.facts);
    factsByKind.set(node.facts, byKind);
  }
  return (byKind.get(kind) ?? []) as readonly FactBody<C>[];
}

function sortFacts(facts: NodeState["facts"]): Map<FactCase, readonly FactBody<FactCase>[]> {
  const byKind = new Map<FactCase, FactBody<FactCase>[]>();
  for (const key of [...facts.keys()].sort()) {
    const body = facts.get(key)?.fact.body;
    if (body?.case !== undefined) {
      byKind.set(body.case, [...(byKind.get(body.case) ?? []), body.value]);
    }
  }
  return byKind;
}
