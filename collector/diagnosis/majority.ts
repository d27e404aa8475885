/**
 * Which voters can reach each other both ways on the peer port. An unknown link counts neither as up nor as down: an
 * edge is broken only when one of its directions is known to be down (TCP needs both), so the groups are the largest
 * ones that the evidence allows, and "no majority can form" is said only when it is proven.
 */
import { isOnlyUnconnected } from "../view/cluster-view.ts";
import type { LinkView } from "../view/cluster-view.ts";

/** floor(voters/2)+1. */
export function neededFor(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** How many of the voters may fail in a cluster of this size when all of it is well. */
export function builtTolerance(voters: number): number {
  return Math.max(0, voters - neededFor(voters));
}

/** The maximal sets in which no pair is known to be parted, largest first, then by name. */
export function findGroups(
  names: readonly string[],
  links: readonly LinkView[],
): readonly (readonly string[])[] {
  const parted = new Set(
    links
      .filter((link) => link.port === "peer" && link.state === "down" && !isOnlyUnconnected(link))
      .flatMap(({ from, to }) => [pairKey(from, to), pairKey(to, from)]),
  );
  if (parted.size === 0) {
    return names.length === 0 ? [] : [[...names].sort()];
  }
  const neighbours = new Map(
    names.map((name) => [
      name,
      new Set(names.filter((other) => other !== name && !parted.has(pairKey(name, other)))),
    ]),
  );
  const groups: string[][] = [];
  expand({ chosen: [], open: [...names].sort(), done: [] }, neighbours, groups);
  return groups.sort(
    (one, other) => other.length - one.length || (one.join("\n") < other.join("\n") ? -1 : 1),
  );
}

interface Search {
  readonly chosen: readonly string[];
  readonly open: readonly string[];
  readonly done: readonly string[];
}

/** Bron and Kerbosch's enumeration of maximal cliques; a cluster has at most a handful of voters. */
function expand(
  search: Search,
  neighbours: ReadonlyMap<string, ReadonlySet<string>>,
  groups: string[][],
): void {
  if (search.open.length === 0) {
    if (search.done.length === 0 && search.chosen.length > 0) {
      groups.push([...search.chosen]);
    }
    return;
  }
  let open = search.open;
  let done = search.done;
  for (const name of search.open) {
    const near = neighbours.get(name) ?? new Set();
    expand(
      {
        chosen: [...search.chosen, name],
        open: open.filter((other) => near.has(other)),
        done: done.filter((other) => near.has(other)),
      },
      neighbours,
      groups,
    );
    open = open.filter((other) => other !== name);
    done = [...done, name];
  }
}

function pairKey(from: string, to: string): string {
  return `${from}\n${to}`;
}
