/** Feeds damaged samples to every target and keeps the account: how many, which broke it, which took longest, what stayed in memory. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createRandom, mutate } from "./mutate.ts";
import { readSamples } from "./samples.ts";
import { createTargets, type FuzzTarget } from "./targets.ts";

export interface FuzzCrash {
  readonly target: string;
  /** Makes the input again. */
  readonly seed: number;
  readonly input: Buffer;
  readonly error: unknown;
}

export interface FuzzReport {
  readonly inputs: number;
  readonly crashes: readonly FuzzCrash[];
  /** By CPU time, as other work on the machine is no fault of a target; what the collector of garbage does meanwhile counts. */
  readonly longest: { readonly target: string; readonly seed: number; readonly ms: number };
  /** Of the heap after a collection, from a tenth of the inputs to the end. */
  readonly grownBytes: number;
  readonly byTarget: ReadonlyMap<string, number>;
}

export interface FuzzOptions {
  readonly inputs: number;
  readonly seed: number;
  readonly onProgress?: (done: number) => void;
}

/** More than these are not needed to begin with. */
const MAX_CRASHES = 20;
const PROGRESS_EVERY = 10_000;
/** The event loop has its turn, so that what targets schedule is done and let go. */
const TURN_EVERY = 500;

export async function runFuzz({ inputs, seed, onProgress }: FuzzOptions): Promise<FuzzReport> {
  const samples = await readSamples();
  const [hello = Buffer.alloc(0)] = samples.hello;
  const { targets, close } = await createTargets(hello);
  const order = targets.flatMap((target) => Array<FuzzTarget>(target.weight).fill(target));
  const byTarget = new Map<string, number>();
  const crashes: FuzzCrash[] = [];
  let longest = { target: "", seed: 0, ms: 0 };
  let warmBytes = 0;
  let done = 0;
  for (; done < inputs && crashes.length < MAX_CRASHES; done += 1) {
    const target = order[done % order.length] as FuzzTarget;
    const own = seed + done;
    const input = mutate(samples[target.samples], createRandom(own));
    const began = process.cpuUsage();
    try {
      await target.take(input);
    } catch (error) {
      crashes.push({ target: target.name, seed: own, input, error });
    }
    const { user, system } = process.cpuUsage(began);
    const ms = (user + system) / 1000;
    // the first of each compiles what it needs
    const before = byTarget.get(target.name) ?? 0;
    if (before > 0 && ms > longest.ms) {
      longest = { target: target.name, seed: own, ms };
    }
    byTarget.set(target.name, before + 1);
    if (done % TURN_EVERY === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (done === Math.floor(inputs / 10)) {
      warmBytes = collectedBytes();
    }
    if ((done + 1) % PROGRESS_EVERY === 0) {
      onProgress?.(done + 1);
    }
  }
  const grownBytes = collectedBytes() - warmBytes;
  await close();
  return { inputs: done, crashes, longest, grownBytes, byTarget };
}

function collectedBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
