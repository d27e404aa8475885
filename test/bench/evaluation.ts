/** What one look at a cluster costs: view, every rule, hold and quiet times, causes, report. */
import { evaluate } from "../../collector/diagnosis/evaluate.ts";
import { DEFAULT_THRESHOLDS } from "../../collector/diagnosis/thresholds.ts";
import { EMPTY_TRACKER } from "../../collector/diagnosis/track.ts";
import { foldCluster } from "../../collector/view/fold.ts";
import type { ClusterFrames } from "../../collector/view/node-state.ts";
import type { ReceivedFrame } from "../../shared/frame.ts";
import { World } from "../scenario/world.ts";
import { median, quantile, result, type Benchmark, type BenchmarkResult } from "./benchmark.ts";
import { readRealFrames, RECORDED_NODES } from "./real-frames.ts";

/** Seconds of frames; the first of them are left out of the figures, until code is compiled. */
const SECONDS = 1500;
const WARM_UP_SECONDS = 500;

interface Case {
  readonly name: string;
  readonly atMostMs: number;
  readonly voters: number;
  /** The frames of the n-th second. */
  readonly next: (second: number) => readonly ReceivedFrame[];
}

async function run(log: (line: string) => void): Promise<readonly BenchmarkResult[]> {
  const results: BenchmarkResult[] = [];
  for (const one of [recorded(), healthy(3, 1), healthy(7, 3), troubled(7, 3)]) {
    log(one.name);
    results.push(...measure(one));
    await Promise.resolve();
  }
  return results;
}

function measure({ name, atMostMs, voters, next }: Case): readonly BenchmarkResult[] {
  let frames: ClusterFrames = { cluster: "bench", nodes: new Map() };
  let tracker = EMPTY_TRACKER;
  const times: number[] = [];
  for (let second = 0; second < SECONDS; second += 1) {
    let nowMs = 0;
    for (const received of next(second)) {
      frames = foldCluster(frames, received);
      nowMs = Math.max(nowMs, received.receivedAtMs);
    }
    const startedMs = performance.now();
    const evaluation = evaluate(frames, tracker, {
      nowMs: nowMs + 25,
      thresholds: DEFAULT_THRESHOLDS,
      expectedVoters: voters,
      collectorStartedAtMs: 0,
      collectorTroubles: [],
    });
    times.push(performance.now() - startedMs);
    tracker = evaluation.tracker;
  }
  const measured = times.slice(WARM_UP_SECONDS);
  return [
    result(`${name}, median`, { value: median(measured), unit: "ms" }, { atMost: atMostMs }),
    result(`${name}, p99`, { value: quantile(measured, 0.99), unit: "ms" }),
  ];
}

/** What three real agents sent, again and again. */
function recorded(): Case {
  const nodes = RECORDED_NODES.map((node) => ({ node, frames: readRealFrames(node) }));
  const length = Math.min(...nodes.map(({ frames }) => frames.length));
  const spanMs = length * 1000;
  return {
    name: "three members, real frames",
    atMostMs: 1,
    voters: 3,
    next: (second) =>
      nodes.flatMap(({ node, frames }) => {
        const frame = frames[second % length];
        if (frame === undefined) {
          return [];
        }
        const capturedAtMs = frame.capturedAtMs + Math.floor(second / length) * spanMs;
        return {
          agent: { cluster: "bench", node },
          instanceId: node,
          agentVersion: "0.1.0",
          receivedAtMs: capturedAtMs + 2,
          frame: { ...frame, sequence: BigInt(second + 1), capturedAtMs },
        };
      }),
  };
}

function healthy(members: number, atMostMs: number): Case {
  const world = createWorld(members);
  return {
    name: `${members} members, scenario, healthy`,
    atMostMs,
    voters: members,
    next: () => tick(world),
  };
}

/** One member is down and two others do not hear each other: findings, causes and texts as well. */
function troubled(members: number, atMostMs: number): Case {
  const world = createWorld(members);
  return {
    name: `${members} members, scenario, one down and a broken link`,
    atMostMs,
    voters: members,
    next: (second) => {
      if (second === 10) {
        world.get("m7").process = "absent";
        world.blocked.set("m2>m3/peer", "timeout");
      }
      return tick(world);
    },
  };
}

function createWorld(members: number): World {
  const world = new World();
  for (let i = 1; i <= members; i += 1) {
    world.add(`m${i}`, false);
  }
  return world;
}

function tick(world: World): readonly ReceivedFrame[] {
  world.nowMs += 1000;
  return world.tick();
}

export const evaluation: Benchmark = {
  name: "evaluation",
  method:
    `${SECONDS} s of frames folded into a cluster, one evaluation a second, the first ${WARM_UP_SECONDS} left out; wall time of one thread. ` +
    `Real frames are those of three agents (test/fixture/bench); the others come from the scenarios' model of a cluster.`,
  run,
};
