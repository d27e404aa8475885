/** Who leads: the claim with the highest term that a majority of voters agrees on, and who says otherwise. */
import { formatId } from "../../shared/member-id.ts";

/** What one voter or learner that is up says now. */
export interface Claim {
  readonly member: string;
  readonly isVoter: boolean;
  /** 0n: knows no leader. */
  readonly leaderId: bigint;
  readonly term: bigint;
  /** Since when it says so. */
  readonly sinceMs: number;
  /** When it was asked last. */
  readonly atMs: number;
}

export interface Candidate {
  readonly name: string;
  readonly id: bigint;
  /** Known not to take part (down, hung, removed): followers may go on naming it until their election timeout. */
  readonly isOut: boolean;
}

export interface JudgedLeader {
  readonly member: string;
  readonly memberId: string;
  readonly term: bigint;
  readonly sinceMs: number;
  /** Members that name it in this term. */
  readonly agreedBy: readonly string[];
  /** Members that name another, or an older term. One that knows no leader contradicts nobody. */
  readonly disagreeing: readonly string[];
}

/** It does not claim to lead. In an older term, or asked before the others, it had only not won yet. */
function hasLost(itself: Claim, agreeing: readonly Claim[]): boolean {
  const term = agreeing[0]?.term ?? 0n;
  const askedAtMs = Math.max(...agreeing.map(({ atMs }) => atMs));
  return itself.term > term || (itself.term === term && itself.atMs >= askedAtMs);
}

export function judgeLeader(
  claims: readonly Claim[],
  candidates: readonly Candidate[],
  needed: number,
): JudgedLeader | undefined {
  const named = claims.filter(({ leaderId }) => leaderId !== 0n);
  const ranked = named.toSorted((one, other) =>
    one.term === other.term ? 0 : one.term > other.term ? -1 : 1,
  );
  for (const claim of ranked) {
    const candidate = candidates.find(({ id }) => id === claim.leaderId);
    const agreeing = named.filter(({ leaderId, term }) => leaderId === claim.leaderId && term === claim.term);
    const votes = agreeing.filter(({ isVoter }) => isVoter).length;
    if (candidate === undefined || candidate.isOut || votes < needed) {
      continue;
    }
    const itself = claims.find(({ member }) => member === candidate.name);
    if (itself !== undefined && !agreeing.includes(itself) && hasLost(itself, agreeing)) {
      continue;
    }
    const agreedBy = agreeing.map(({ member }) => member).sort();
    return {
      member: candidate.name,
      memberId: formatId(candidate.id),
      term: claim.term,
      sinceMs: Math.min(...agreeing.map(({ sinceMs }) => sinceMs)),
      agreedBy,
      disagreeing: named
        .map(({ member }) => member)
        .filter((member) => !agreedBy.includes(member))
        .sort(),
    };
  }
  return undefined;
}
