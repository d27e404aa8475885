/** What a log signature is: how a line is recognised, what it means, how bad, and when it is nothing. Plain data. */
import type { Severity } from "../rest.ts";
import type { LineOrigin } from "./unwrap-line.ts";

export interface Signature {
  /** The event's stable name; the code of a finding where the line proves one. */
  readonly code: string;
  readonly severity: Severity;
  /** Against "message: error" of a parsed line. The first signature of the catalogue that matches wins. */
  readonly match: RegExp;
  readonly unless?: RegExp;
  /** Whose lines can say so; etcd's own, and those that nothing is known of, when absent. */
  readonly origins?: readonly LineOrigin[];
  /** A further field decides (a duration, an alarm's kind); it is cheap, and asked last. */
  readonly field?: { readonly name: string; readonly match: RegExp };
  /** Fewer than `count` such lines within the time are `below`: null, nothing at all; info, noted. Lines less than `apartMs` apart are one. */
  readonly rate?: {
    readonly count: number;
    readonly withinMs: number;
    readonly apartMs?: number;
    readonly below: "info" | null;
  };
  /** What such a line says while etcd starts or stops, or its peers do, is nothing. */
  readonly expectedAt?: readonly Phase[];
  /** A line that was really printed, or as the source prints it. */
  readonly example: string;
  /** Where that is from: versions, and the fault or the file of etcd's source. */
  readonly source: string;
}

/** boot: the minute after a start. stop: the minute after a signal to end. */
export type Phase = "boot" | "stop";

/** What only etcd's own lines prove: the words themselves are any program's. */
export const ETCD_ONLY: readonly LineOrigin[] = ["etcd"];
/** Of whoever starts and kills processes. */
export const SYSTEM: readonly LineOrigin[] = ["systemd", "kernel", "unknown", "other"];
/** Also what clients (etcdctl, the API server) log of an answer of etcd. */
export const ANYONE: readonly LineOrigin[] = ["etcd", "unknown", "other"];
/** What a tool prints, or a line that somebody copied: nothing says whose it is. */
export const TOOLS: readonly LineOrigin[] = ["unknown", "other"];
