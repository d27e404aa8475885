/** Which of a log's codes are told as causes: those that nothing explains that was there at their time. Pure. */
import { compareSeverity } from "./episodes.ts";
import type { Episode } from "./episodes.ts";
import { directnessOf, EXPLAINS } from "./explains.ts";
import type { Severity } from "../rest.ts";

export interface CodeEpisodes {
  readonly code: string;
  readonly severity: Severity;
  /** Oldest first. */
  readonly episodes: readonly Episode[];
}

export interface FoundCause {
  readonly code: string;
  /** The newest that nothing explains. */
  readonly episode: Episode;
  readonly explains: readonly string[];
  readonly isOver: boolean;
}

/**
 * A consequence shows within so long of its cause: etcd takes up to 50 s to miss a peer that fell silent, and a kubelet waits five
 * minutes at most before it starts a crashed container again, which is when the next line of either comes.
 */
export const EXPLAINS_WITHIN_MS = 5 * 60_000;
/** Of what is not known to be over the graver is told first, but not when nothing was heard of it for a day of newer faults. */
const STALE_MS = 24 * 3_600_000;

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const ALWAYS: Span = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

export function findCauses(
  codes: readonly CodeEpisodes[],
  servedAtsMs: readonly number[],
): readonly FoundCause[] {
  const served = [...servedAtsMs].sort((one, other) => one - other);
  const spans = new Map(
    codes.map(({ code, episodes }) => [code, episodes.map((one) => spanOf(one, served))]),
  );
  const newestMs = Math.max(...codes.flatMap(({ episodes }) => episodes.map(({ toMs }) => toMs ?? 0)));

  function isExplained(code: string, episode: Episode): boolean {
    return codes.some(
      (cause) =>
        EXPLAINS[cause.code]?.includes(code) === true && isWithin(spans.get(cause.code) ?? [], episode),
    );
  }

  const own = codes.flatMap((one) => {
    const episode = one.episodes.findLast((each) => each.severity !== "info" && !isExplained(one.code, each));
    return one.severity === "info" || episode === undefined ? [] : [{ ...one, episode }];
  });
  const causes = new Set(own.map(({ code }) => code));
  return own
    .map(({ code, severity, episode }) => ({
      code,
      severity,
      episode,
      explains: codes
        .filter(
          (other) =>
            EXPLAINS[code]?.includes(other.code) === true &&
            !causes.has(other.code) &&
            other.episodes.some((each) => isWithin(spans.get(code) ?? [], each)),
        )
        .map((other) => other.code),
      isOver: episode.toMs !== undefined && (served.at(-1) ?? 0) > episode.toMs,
      isStale: !episode.endsEtcd && episode.toMs !== undefined && newestMs - episode.toMs > STALE_MS,
    }))
    .sort(
      (one, other) =>
        Number(one.isOver) - Number(other.isOver) ||
        Number(one.isStale) - Number(other.isStale) ||
        compareSeverity(one.severity, other.severity) ||
        directnessOf(one.code) - directnessOf(other.code),
    );
}

/** When what it brings about can show. */
function spanOf({ fromMs, toMs, endsEtcd }: Episode, served: readonly number[]): Span {
  if (fromMs === undefined || toMs === undefined) {
    return ALWAYS;
  }
  const lastsToMs = endsEtcd ? (served.find((atMs) => atMs > toMs) ?? Number.POSITIVE_INFINITY) : toMs;
  return { fromMs: fromMs - EXPLAINS_WITHIN_MS, toMs: lastsToMs + EXPLAINS_WITHIN_MS };
}

function isWithin(spans: readonly Span[], { fromMs, toMs }: Episode): boolean {
  return spans.some(
    (span) => fromMs === undefined || toMs === undefined || (toMs >= span.fromMs && fromMs <= span.toMs),
  );
}
