/**
 * Whose turn it is to be asked. A call costs the member that answers about 0.6 ms of CPU, and every member answers all the
 * agents: asked by each other agent each second, that alone would be more than what etcd may pay for being watched. So each
 * other member has every third tick, by turns: of three members each is asked by one of the others two seconds in three, and a
 * node that is cut off itself sees it two ticks later at most.
 */
import type { ProbeContext } from "./probe.ts";

const TURNS = 3;

/** How long another member is left alone while all is well: up to its next turn, less half an interval, because ticks are not exact. */
export function restUntilTurn({ clock, etcd }: ProbeContext, member: string, fastMs: number): number {
  const tick = Math.round(clock.monotonicUs() / 1000 / fastMs);
  const place = etcd.otherMembers().findIndex(({ name }) => name === member);
  const ticksToNext = TURNS - ((tick + place) % TURNS);
  return (ticksToNext - 0.5) * fastMs;
}
