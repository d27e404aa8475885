/** A stretch of time, apart from who chooses it. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}
