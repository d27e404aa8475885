/** Writes findings into the history when they change, not at each look; keeps what could not be written and tries again. */
import type { Finding } from "../shared/rest.ts";
import type { Logger } from "../shared/log-line.ts";
import { fingerprintFinding } from "./finding-fingerprint.ts";
import { createLiveRecorder } from "./live-recorder.ts";

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

export function createFindingRecorder({ save, log }: FindingRecorderOptions): FindingRecorder {
  /** Of each finding that is active, by cluster and id: what was last handed over. */
  const known = new Map<string, Map<string, string>>();
  const recorder = createLiveRecorder<Finding>({
    idOf: ({ id }) => id,
    save,
    what: "Findings",
    maxWaiting: MAX_WAITING,
    log,
  });

  return {
    record(cluster, { active, resolved }) {
      const prints = known.get(cluster) ?? new Map<string, string>();
      known.set(cluster, prints);
      const changed = active.filter((finding) => {
        const print = fingerprint(finding);
        const isChanged = prints.get(finding.id) !== print;
        prints.set(finding.id, print);
        return isChanged;
      });
      for (const { id } of resolved) {
        prints.delete(id);
      }
      recorder.record(cluster, [...changed, ...resolved]);
      recorder.flush();
    },
  };
}

/** Written when it has become another one, and now and then to move lastSeen. */
function fingerprint(finding: Finding): string {
  return `${fingerprintFinding(finding)} ${Math.floor(Date.parse(finding.lastSeen) / LAST_SEEN_STEP_MS)}`;
}
