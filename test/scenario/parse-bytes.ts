/** Sizes as the author of a scenario writes them: 20GiB. */
const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

export function parseBytes(text: string): number {
  const match = /^([\d.]+)([KMG]iB|B)$/.exec(text);
  if (match === null) {
    throw new Error(`Expected a size such as 20GiB, got "${text}"`);
  }
  return Number(match[1]) * (UNITS[match[2] ?? ""] ?? 1);
}
