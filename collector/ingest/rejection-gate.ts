/** Which rejected connections are worth a line: each reason now and then, so that a loud one never hides another. Pure but for its memory. */

export interface RejectionLimits {
  /** Between two lines of one reason. */
  readonly everyMs: number;
  /** Reasons told apart, at most: those beyond share one place. */
  readonly reasons: number;
}

export interface RejectionGate {
  /** How many of this reason were passed over since its last line, when it is due for one; undefined when it is not. */
  pass(reason: string, nowMs: number): number | undefined;
}

interface Remembered {
  nextMs: number;
  passedOver: number;
}

export function createRejectionGate(limits: RejectionLimits): RejectionGate {
  const known = new Map<string, Remembered>();
  const rest: Remembered = { nextMs: Number.NEGATIVE_INFINITY, passedOver: 0 };

  function remember(reason: string): Remembered {
    const found = known.get(reason);
    if (found !== undefined || known.size >= limits.reasons) {
      return found ?? rest;
    }
    const fresh: Remembered = { nextMs: Number.NEGATIVE_INFINITY, passedOver: 0 };
    known.set(reason, fresh);
    return fresh;
  }

  return {
    pass: (reason, nowMs) => {
      const about = remember(reason);
      if (nowMs < about.nextMs) {
        about.passedOver += 1;
        return undefined;
      }
      const { passedOver } = about;
      about.nextMs = nowMs + limits.everyMs;
      about.passedOver = 0;
      return passedOver;
    },
  };
}
