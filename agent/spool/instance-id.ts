/** Names one run of the agent so that a later run's name is greater as text, also when the wall clock stepped back. Pure. */

const DATED = /^(\d{13})-/;

/** `known` are names of earlier runs, in any order. */
export function createInstanceId(nowMs: number, known: readonly string[], random: string): string {
  const last = known.reduce((newest, name) => Math.max(newest, Number(DATED.exec(name)?.[1] ?? 0)), 0);
  return `${String(Math.max(Math.round(nowMs), last + 1)).padStart(13, "0")}-${random}`;
}
