/** Writes findings into the history when they change, not at each look; keeps what could not be written and tries again. */
import type { Finding } from "../shared/rest.ts";
import type { Logger } from "../shared/log-line.ts";

export interface FindingRecorderOptions {
  readonly save: (cluster: string, findings: readonly Finding[]) => Promise<void>;
  readonly log: Logger;
}

export interface FindingRecorder {
  /** What is active now and what has just been resolved. */
  record(
    cluster: string,
    findings: { readonly active: readonly Finding[]; readonly resolved: readonly Finding[] },
  ): void;
}

/** lastSeen moves at each look; it is written at least this often. */
const LAST_SEEN_STEP_MS = 30_000;
/** Findings of a cluster that wait while the history cannot be written; the newest are kept. */
const MAX_WAITING = 1000;

interface Recorded {
  /** Of each finding that is active, by id: what was last handed over. */
  readonly known: Map<string, string>;
  waiting: Map<string, Finding>;
  isSaving: boolean;
}

export function createFindingRecorder(options: FindingRecorderOptions): FindingRecorder {
  const clusters = new Map<string, Recorded>();

  function flush(cluster: string, recorded: Recorded): void {
    if (recorded.isSaving || recorded.waiting.size === 0) {
      return;
    }
    const batch = recorded.waiting;
    recorded.waiting = new Map();
    recorded.isSaving = true;
    options
      .save(cluster, [...batch.values()])
      .catch((error: unknown) => {
        options.log.warn({ error, cluster }, "Findings could not be written; trying again.");
        recorded.waiting = new Map([...batch, ...recorded.waiting].slice(-MAX_WAITING));
      })
      .finally(() => {
        recorded.isSaving = false;
      })
      .catch(() => undefined);
  }

  return {
    record(cluster, { active, resolved }) {
      const recorded = clusters.get(cluster) ?? { known: new Map(), waiting: new Map(), isSaving: false };
      clusters.set(cluster, recorded);
      for (const finding of active) {
        const print = fingerprint(finding);
        if (recorded.known.get(finding.id) !== print) {
          recorded.known.set(finding.id, print);
          recorded.waiting.set(finding.id, finding);
        }
      }
      for (const finding of resolved) {
        recorded.known.delete(finding.id);
        recorded.waiting.set(finding.id, finding);
      }
      flush(cluster, recorded);
    },
  };
}

/** What makes a finding another one to a reader; numbers in its texts and evidence move at each look. */
function fingerprint(finding: Finding): string {
  const seenStep = Math.floor(Date.parse(finding.lastSeen) / LAST_SEEN_STEP_MS);
  const { status, severity, since, rootCause, causedBy, explains, confidence, ruledOut } = finding;
  return JSON.stringify([
    status,
    severity,
    since,
    rootCause,
    causedBy,
    explains,
    confidence,
    ruledOut.map(({ code }) => code),
    seenStep,
  ]);
}
