/** Which kept answers go when there are too many. Pure. */

export interface KeptAnswer {
  readonly path: string;
  /** Somebody looks at it, or it is on its way. */
  readonly isInUse: boolean;
  readonly usedAtMs: number;
}

export interface ForgetLimits {
  readonly nowMs: number;
  readonly atMost: number;
}

/** What a page has just asked for is looked at a moment later only; forgotten at once it would be asked for without end. */
const NEW_FOR_MS = 10_000;

/** Those that nobody has looked at for longest. */
export function chooseForgotten(
  kept: readonly KeptAnswer[],
  { nowMs, atMost }: ForgetLimits,
): readonly string[] {
  return kept
    .filter(({ isInUse, usedAtMs }) => !isInUse && nowMs - usedAtMs > NEW_FOR_MS)
    .sort((left, right) => left.usedAtMs - right.usedAtMs)
    .slice(0, Math.max(0, kept.length - atMost))
    .map(({ path }) => path);
}
