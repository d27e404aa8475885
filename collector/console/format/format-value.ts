/** Numbers with their unit, scaled to what is read at a glance: 0.0042 seconds is "4.2 ms". */

const BYTE_STEPS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;
const COUNT_STEPS = ["", "k", "M", "G", "T"] as const;

/** `unit` is the catalogue's: seconds, bytes, percent, boolean, or what is counted. A rate has "/s" behind it. */
export function formatValue(value: number, unit: string): string {
  if (!Number.isFinite(value)) {
    return "–";
  }
  switch (unit) {
    case "seconds":
      return formatSeconds(value);
    case "bytes":
      return formatBytes(value);
    case "bytes/s":
      return `${formatBytes(value)}/s`;
    case "share":
      return `${trim(value * 100)} %`;
    case "cores":
      return trim(value);
    case "boolean":
      return value >= 0.5 ? "1" : "0";
    default:
      return unit.endsWith("/s") ? `${formatCount(value)}/s` : formatCount(value);
  }
}

export function formatBytes(bytes: number): string {
  return scale(bytes, 1024, BYTE_STEPS);
}

export function formatCount(value: number): string {
  return Math.abs(value) < 10_000 ? trim(value) : scale(value, 1_000, COUNT_STEPS);
}

function formatSeconds(seconds: number): string {
  const size = Math.abs(seconds);
  if (size === 0) {
    return "0 s";
  }
  if (size < 0.001) {
    return `${trim(seconds * 1e6)} µs`;
  }
  if (size < 1) {
    return `${trim(seconds * 1e3)} ms`;
  }
  return size < 120 ? `${trim(seconds)} s` : `${trim(seconds / 60)} min`;
}

function scale(value: number, base: number, steps: readonly string[]): string {
  let rest = value;
  let step = 0;
  while (Math.abs(rest) >= base && step < steps.length - 1) {
    rest /= base;
    step += 1;
  }
  return `${trim(rest)} ${steps[step] ?? ""}`.trim();
}

/** Three digits that count, no zeros behind. */
function trim(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) {
    return String(Math.round(value));
  }
  const text = value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
  return text.replace(/\.?0+$/, "");
}
