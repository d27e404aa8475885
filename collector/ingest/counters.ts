/** What ingest counts of itself, for /metrics. Totals only grow. */

export interface IngestCounters {
  framesTotal: number;
  samplesTotal: number;
  bytesTotal: number;
  duplicateFramesTotal: number;
  /** Frames that agents had dropped before they could send them. */
  missingFramesTotal: number;
  /** Frames shown live but not kept, because the history could not be written; their agents send them again. */
  liveOnlyFramesTotal: number;
  /** By the reason's name. */
  readonly refusalsTotal: Map<string, number>;
  /** TLS handshakes that came to their end. */
  handshakesTotal: number;
  /** Connections that wait for their turn to begin TLS. */
  handshakesWaiting: number;
  /** TLS handshakes that failed, and certificates that were not trusted. */
  rejectedConnectionsTotal: number;
  /** Pauses of a stream that sent more than it may. */
  slowedTotal: number;
  streams: number;
  connections: number;
  commitsTotal: number;
  commitFailuresTotal: number;
  commitSecondsTotal: number;
  lastCommitSeconds: number;
  /** The last failure of a commit; empty while commits succeed. */
  lastCommitError: string;
  pendingFrames: number;
  pendingBytes: number;
}

export function createIngestCounters(): IngestCounters {
  return {
    framesTotal: 0,
    samplesTotal: 0,
    bytesTotal: 0,
    duplicateFramesTotal: 0,
    missingFramesTotal: 0,
    liveOnlyFramesTotal: 0,
    refusalsTotal: new Map(),
    handshakesTotal: 0,
    handshakesWaiting: 0,
    rejectedConnectionsTotal: 0,
    slowedTotal: 0,
    streams: 0,
    connections: 0,
    commitsTotal: 0,
    commitFailuresTotal: 0,
    commitSecondsTotal: 0,
    lastCommitSeconds: 0,
    lastCommitError: "",
    pendingFrames: 0,
    pendingBytes: 0,
  };
}
