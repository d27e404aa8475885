/** Round trips, short enough to stand on a line of the drawing. */
export function formatRtt(rttMs: number): string {
  if (rttMs < 1) {
    return `${rttMs.toFixed(2)} ms`;
  }
  return rttMs < 10 ? `${rttMs.toFixed(1)} ms` : `${Math.round(rttMs)} ms`;
}
