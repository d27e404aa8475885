/** What a replay of a capture concludes: the document of `etcdscope replay --json`. */
import type { Incident } from "./rest-incident.ts";
import type { ClusterState, Finding, Timestamp, Verdict } from "./rest.ts";
import type { Text } from "./text.ts";

export interface VerdictChange {
  readonly at: Timestamp;
  readonly verdict: Verdict;
  readonly headline: Text;
}

export interface Replay {
  readonly cluster: string;
  /** The span that was asked for. */
  readonly from: Timestamp;
  readonly to: Timestamp;
  readonly capture: {
    readonly sha256: string;
    readonly writtenAt: Timestamp;
    /** Versions of etcdscope. */
    readonly writtenBy: string;
    readonly replayedBy: string;
    readonly nodes: readonly string[];
    readonly frames: number;
    /** Nodes of which there was no frame before the span: what held on them when they were last heard is known all the same. */
    readonly silentAtStart: readonly { readonly node: string; readonly lastHeard: Timestamp }[];
    /** Nodes like these of which nothing is known, because the capture would have become too large. */
    readonly leftOutAtStart: number;
  };
  /** The first of the span, and then each time that it became another. */
  readonly verdicts: readonly VerdictChange[];
  /** Active at some time of the span, oldest first; as they were when they were last looked at. */
  readonly findings: readonly Finding[];
  readonly incidents: readonly Incident[];
  /** At the end, or at the moment asked for. */
  readonly state: ClusterState;
}
