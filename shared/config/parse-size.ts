/** Sizes as people write them in configuration: 64MiB, 20GiB; decimal units (MB, GB) mean powers of 1000. */

const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
};

/** "64MiB" → 67108864; undefined for anything else, a number without a unit included. */
export function parseSizeBytes(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?) ?([A-Za-z]{1,3})$/.exec(text);
  const unitBytes = UNIT_BYTES[match?.[2] ?? ""];
  return match === null || unitBytes === undefined ? undefined : Math.round(Number(match[1]) * unitBytes);
}

/** 67108864 → "64 MiB", 1717986918 → "1.6 GiB": for people, three digits at most before the unit changes. */
export function formatSizeBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const text = unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, "");
  return `${text} ${units[unit] ?? "B"}`;
}
