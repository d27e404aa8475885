/**
 * Whole numbers of five significant bits: what a measured time is told with. Each is within 3.2 % of what was measured, which
 * is finer than the event loop that measured it, and takes less than a byte to keep instead of two. Pure.
 */

/** Up to here every whole number is rough already. */
const EXACT_BELOW = 32;
const STEPS_AN_OCTAVE = 16;
const MAX_ROUGH = 2 ** 50;

/** The nearest rough number; what is negative, or no number, stays as it is, but whole. */
export function roughen(value: number): number {
  const whole = Math.round(value);
  if (!(whole >= EXACT_BELOW && whole <= MAX_ROUGH)) {
    return whole;
  }
  const step = 2 ** (Math.floor(Math.log2(whole)) - 4);
  return Math.round(whole / step) * step;
}

/** Its place in the list of all rough numbers; undefined when it is none. */
export function toRoughPlace(value: number): number | undefined {
  if (!Number.isInteger(value) || value < 0 || value > MAX_ROUGH || Object.is(value, -0)) {
    return undefined;
  }
  if (value < EXACT_BELOW) {
    return value;
  }
  const octave = 31 - Math.clz32(value / 2 ** 26) + 26;
  const exponent = (value >= 2 ** 26 ? octave : 31 - Math.clz32(value)) - 4;
  const mantissa = value / 2 ** exponent;
  return Number.isInteger(mantissa) ? STEPS_AN_OCTAVE * exponent + mantissa : undefined;
}

/** The inverse of toRoughPlace. */
export function toRoughNumber(place: number): number {
  if (place < EXACT_BELOW) {
    return place;
  }
  const exponent = Math.floor(place / STEPS_AN_OCTAVE) - 1;
  return (place - STEPS_AN_OCTAVE * exponent) * 2 ** exponent;
}
