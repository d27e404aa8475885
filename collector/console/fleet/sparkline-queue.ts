/**
 * The sparklines of the clusters that are in view. A page of a thousand clusters must not ask for a thousand histories, nor hold
 * up the list itself: few are asked at a time, those in view alone, and each again only after a while.
 */
import { signal, type Signal } from "@preact/signals";
import { formatTimestamp } from "../../../shared/parse-timestamp.ts";
import type { SeriesAnswer } from "../../../shared/rest.ts";
import { toColumns } from "../chart/to-columns.ts";
import { nowMs } from "../data/browser-clock.ts";
import { clusterPath } from "../data/cluster-resources.ts";
import { ask } from "../data/http.ts";

/** What an etcd does in a second, by its own count: flat at zero is an etcd that takes no writes. */
const METRIC = "etcd_server_proposals_committed_total";
export const SPARKLINE_MS = 3_600_000;
const POINTS = 40;
const AT_ONCE = 2;
const FRESH_FOR_MS = 60_000;
/** As many clusters as the page lists. */
const MAX_KEPT = 1_000;

/** A value a step; undefined: not asked yet; empty: there is nothing to draw. */
export type Sparkline = readonly (number | null)[] | undefined;

interface Kept {
  readonly line: Signal<Sparkline>;
  askedAtMs: number;
}

const kept = new Map<string, Kept>();
const inView = new Set<string>();
let inFlight = 0;

export function sparklineOf(cluster: string): Signal<Sparkline> {
  return keep(cluster).line;
}

/** While it is in view it is kept fresh; the function ends that. */
export function watchSparkline(cluster: string): () => void {
  inView.add(cluster);
  pump();
  return () => inView.delete(cluster);
}

function keep(cluster: string): Kept {
  const known = kept.get(cluster) ?? { line: signal<Sparkline>(undefined), askedAtMs: -FRESH_FOR_MS };
  // Moved to the end: the one that was looked at longest ago goes first.
  kept.delete(cluster);
  kept.set(cluster, known);
  for (const [oldest] of kept) {
    if (kept.size <= MAX_KEPT || inView.has(oldest)) {
      break;
    }
    kept.delete(oldest);
  }
  return known;
}

function pump(): void {
  const now = nowMs();
  for (const cluster of inView) {
    if (inFlight >= AT_ONCE || document.hidden) {
      return;
    }
    const entry = keep(cluster);
    if (now - entry.askedAtMs >= FRESH_FOR_MS) {
      entry.askedAtMs = now;
      inFlight += 1;
      void load(cluster, entry).finally(() => {
        inFlight -= 1;
        pump();
      });
    }
  }
}

async function load(cluster: string, entry: Kept): Promise<void> {
  const toMs = nowMs();
  const span = `from=${formatTimestamp(toMs - SPARKLINE_MS)}&to=${formatTimestamp(toMs)}`;
  const answer = await ask<SeriesAnswer>(`${clusterPath(cluster)}/series/${METRIC}?${span}&points=${POINTS}`);
  if (answer.kind === "ok") {
    entry.line.value = busiest(answer.data);
  } else if (answer.kind === "problem") {
    entry.line.value = [];
  }
  // Silent: what is there stays, and the list itself says that the collector is away.
}

/** Every member commits the same proposals; the one that was watched best tells them. */
function busiest(answer: SeriesAnswer): readonly (number | null)[] {
  const { lines, atSeconds } = toColumns(answer, { as: "rate" });
  return atSeconds.map((_, step) => {
    const known = lines.flatMap(({ values }) => values[step] ?? []);
    return known.length === 0 ? null : Math.max(...known);
  });
}

setInterval(pump, FRESH_FOR_MS / 6);
