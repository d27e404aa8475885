/**
 * How many handshakes may be under way: few while the event loop is late, because streams that are open have to be answered within seconds or
 * their agents give them up, and come back as still more handshakes. Pure.
 */

export const PACE = {
  /** At some 20 ms each all of them take less than a second; at a round trip of 100 ms more than a hundred a second come through. */
  atMost: 32,
  atFirst: 8,
  /** Between two looks. */
  lookMs: 100,
  /** A turn of the loop that is late by more is too long. */
  lateMs: 100,
} as const;

/** From one look to the next; `lateMs`: how late it came. */
export function planAtOnce(atOnce: number, lateMs: number): number {
  return lateMs > PACE.lateMs ? Math.max(1, atOnce >> 1) : Math.min(PACE.atMost, atOnce + 1);
}
