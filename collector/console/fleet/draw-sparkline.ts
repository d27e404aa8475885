/** A small line without axes as an SVG path: its shape is what it tells. Pure. */

/** Room for the line's own thickness. */
const MARGIN = 1;

export interface SparklineSize {
  readonly width: number;
  readonly height: number;
}

/** From zero at the bottom to the largest value at the top; a missing value is a gap. "" when there is none at all. */
export function drawSparkline(values: readonly (number | null)[], { width, height }: SparklineSize): string {
  const largest = Math.max(...values.map((value) => value ?? 0)) || 1;
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const bottom = height - MARGIN;
  let path = "";
  for (const [index, value] of values.entries()) {
    if (value === null) {
      continue;
    }
    const x = round(index * step);
    const y = round(bottom - (value / largest) * (bottom - MARGIN));
    const isFirst = typeof values[index - 1] !== "number";
    const isAlone = isFirst && typeof values[index + 1] !== "number";
    path += `${isFirst ? "M" : "L"}${x} ${y}${isAlone ? "h0.01" : ""}`;
  }
  return path;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
