/** Which disturbance comes when, as the seed says: the same seed, the same plan. Pure. */
import { createRandom, type Random } from "../fuzz/mutate.ts";

export const KILL_COLLECTOR = "collector killed and started";
export const DISTURBANCES = [
  "agents' connections reset",
  "agents' connections silent",
  "every connection reset at once",
  "agents killed, same boot",
  "agents killed, machine booted anew",
  "agents stopped and started",
  "one agent floods",
  "garbage on the agents' port",
  "connections that say nothing",
  "clients flood the API",
  "event streams never read",
  "collector frozen",
  KILL_COLLECTOR,
] as const;
export type DisturbanceKind = (typeof DISTURBANCES)[number];

export interface PlannedDisturbance {
  /** From the beginning of its part of the run. */
  readonly afterMs: number;
  readonly kind: DisturbanceKind;
  /** Of what is random in it. */
  readonly seed: number;
  /** Of those that last. */
  readonly lengthMs: number;
}

export interface SoakPart {
  readonly lengthMs: number;
  readonly disturbances: readonly PlannedDisturbance[];
}

export interface SoakPlan {
  /** With kills of the collector. */
  readonly restarts: SoakPart;
  /** One life of the collector, with everything else. */
  readonly steady: SoakPart & {
    /** Before its memory is looked at. */
    readonly warmUpMs: number;
  };
}

/** A fifth of the run with restarts, a fifth to become warm, three fifths for the slope. */
const RESTARTS_SHARE = 0.2;
const WARM_UP_SHARE = 0.25;
/** Kills of the collector are what the first part is for. */
const KILLS_A_ROUND = 3;
/** Between two beginnings: half of it to one and a half. */
const GAP_MS = { least: 500, most: 6000, share: 1 / 26 } as const;
const LENGTH_MS = { least: 1000, most: 12_000, share: 1 / 10 } as const;

export function planSoak({ minutes, seed }: { readonly minutes: number; readonly seed: number }): SoakPlan {
  const random = createRandom(seed);
  const wholeMs = minutes * 60_000;
  const steadyMs = wholeMs * (1 - RESTARTS_SHARE);
  const others = DISTURBANCES.filter((kind) => kind !== KILL_COLLECTOR);
  const kills = Array<DisturbanceKind>(KILLS_A_ROUND).fill(KILL_COLLECTOR);
  return {
    restarts: planPart(wholeMs * RESTARTS_SHARE, [...kills, ...others], random),
    steady: { ...planPart(steadyMs, others, random), warmUpMs: steadyMs * WARM_UP_SHARE },
  };
}

/** Each kind comes once before any comes again. */
function planPart(lengthMs: number, kinds: readonly DisturbanceKind[], random: Random): SoakPart {
  const share = (): number => random() / 2 ** 32;
  const gapMs = clamp(lengthMs, GAP_MS);
  const longestMs = clamp(lengthMs, LENGTH_MS);
  const disturbances: PlannedDisturbance[] = [];
  let bag: DisturbanceKind[] = [];
  let afterMs = gapMs / 2;
  while (afterMs < lengthMs - longestMs) {
    bag = bag.length > 0 ? bag : [...kinds];
    const [kind] = bag.splice(random() % bag.length, 1);
    if (kind !== undefined) {
      disturbances.push({
        afterMs: Math.round(afterMs),
        kind,
        seed: random(),
        lengthMs: Math.round(longestMs * (0.5 + share() / 2)),
      });
    }
    afterMs += gapMs * (0.5 + share());
  }
  return { lengthMs, disturbances };
}

function clamp(
  ofMs: number,
  to: { readonly least: number; readonly most: number; readonly share: number },
): number {
  return Math.min(to.most, Math.max(to.least, ofMs * to.share));
}
