/** What a comparison of the members' hashes proves: who agrees, who does not, and whether that can be told at all. */
import type { HashKvFact, MemberHash } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { findFact } from "../view/node-reading.ts";
import type { NodeState } from "../view/node-state.ts";

export interface Comparison {
  readonly node: string;
  readonly fact: HashKvFact;
  /** By the collector's clock. */
  readonly atMs: number;
}

/** The newest of any node, also of one that is silent now: it says when it is of. */
export function findComparison(nodes: readonly { readonly state: NodeState }[]): Comparison | undefined {
  return nodes
    .flatMap(({ state }): readonly Comparison[] => {
      const held = findFact(state, "hash_kv", "hashKv");
      return held === undefined
        ? []
        : [
            {
              node: state.node,
              fact: held.body,
              atMs: Number(held.body.comparedAtUnixMs) - state.clockOffsetMs,
            },
          ];
    })
    .toSorted((one, other) => other.atMs - one.atMs)[0];
}

/**
 * same: all members that are asked of agree. different: a majority of all agrees, `odd` do not. undecided: they differ, and no
 * majority shows who is right. incomparable: too few told a hash of the same compaction.
 */
export type HashVerdict =
  | { readonly kind: "same"; readonly members: number }
  | {
      readonly kind: "different";
      readonly good: readonly MemberHash[];
      readonly odd: readonly MemberHash[];
    }
  | { readonly kind: "undecided"; readonly members: readonly MemberHash[] }
  | { readonly kind: "incomparable"; readonly because: string };

/** `memberCount`: how many members there are, asked or not: the majority is one of them all. */
export function judgeHashes(fact: HashKvFact, memberCount: number): HashVerdict {
  const silent = fact.members.filter(({ problem }) => problem !== "");
  const told = fact.members.filter(({ problem }) => problem === "");
  // Only hashes over the same compaction can be compared: the largest set of them is looked at.
  const byCompaction = Map.groupBy(told, ({ compactRevision }) => compactRevision);
  const comparable = largest([...byCompaction.values()]);
  const groups = [...Map.groupBy(comparable, ({ hash }) => hash).values()].toSorted(
    (one, other) => other.length - one.length,
  );
  const good = groups[0] ?? [];
  if (groups.length > 1) {
    const odd = groups.slice(1).flat();
    return good.length * 2 > memberCount
      ? { kind: "different", good, odd }
      : { kind: "undecided", members: comparable };
  }
  if (comparable.length === memberCount && memberCount > 1) {
    return { kind: "same", members: comparable.length };
  }
  const missing = silent[0];
  return {
    kind: "incomparable",
    because:
      missing === undefined
        ? `${comparable.length} of ${memberCount} had compacted to the same revision`
        : `${missing.name}: ${missing.problem}`,
  };
}

function largest(sets: readonly (readonly MemberHash[])[]): readonly MemberHash[] {
  return sets.toSorted((one, other) => other.length - one.length)[0] ?? [];
}
