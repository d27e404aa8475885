/**
 * The only door to etcd: what probes may ask of it. Read-only by construction: there is no method that writes.
 * Failures are EtcdscopeErrors whose `reason` is one of: refused, reset, unreachable, timeout, dns, tls_expired,
 * tls_not_yet_valid, tls_unknown_ca, tls_san_mismatch, tls_rejected (the other side did not take our certificate),
 * tls_failed, no_leader, permission_denied, unavailable, protocol, no_certificate, future_revision, compacted, other.
 */

import type { LinkLook } from "./link-look.ts";
import type { ServedCertificate } from "./served-certificate.ts";

/** A member as the member list names it. */
export interface EtcdMember {
  readonly id: bigint;
  /** Empty until it has started once. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface EtcdStatus {
  readonly memberId: bigint;
  readonly clusterId: bigint;
  /** 0n: knows no leader. */
  readonly leaderId: bigint;
  readonly raftTerm: bigint;
  /** Of the key space, as this member has applied it. */
  readonly revision: bigint;
  readonly raftIndex: bigint;
  readonly raftAppliedIndex: bigint;
  readonly dbSizeBytes: bigint;
  readonly dbSizeInUseBytes: bigint;
  readonly version: string;
  readonly isLearner: boolean;
  /** Sorted. */
  readonly errors: readonly string[];
  /** Address that answered. */
  readonly endpoint: string;
  /** From etcd 3.6 on; empty and 0n before. */
  readonly storageVersion: string;
  readonly dbQuotaBytes: bigint;
  /** The version that a downgrade under way goes to; undefined: none is. */
  readonly downgradeTarget: string | undefined;
}

/** What one member stores up to a revision, in short. */
export interface EtcdHash {
  readonly memberId: bigint;
  readonly hash: number;
  /** Hashes can be compared between members that have compacted as far. */
  readonly compactRevision: bigint;
}

/** Whoever waits for an answer. Its signal is looked at only once the answer is late: one made for each call is dear. */
export interface Asker {
  readonly signal: AbortSignal;
}

export interface EtcdDoor {
  /**
   * The other members that have a name, sorted by it: as the last member list, or before one came the configuration
   * and etcd's flags, give them.
   */
  otherMembers(): readonly EtcdMember[];
  /** 0n: the own member has not answered yet. */
  ownMemberId(): bigint;
  /** As the own member's last Status answer says, of the process that runs now; empty: it has not answered yet. */
  ownVersion(): string;
  /** What the last memberStatus (port "client") or peerVersion (port "peer") of that member showed of the link. */
  findLook(name: string, port: "client" | "peer"): LinkLook | undefined;
  /** The certificate that a member showed on that port when a connection to it was last made; "" is the own member. */
  findServed(name: string, port: "client" | "peer"): ServedCertificate | undefined;
  /** Where it is time to: one connection to the own member's peer port, for what it shows there. */
  lookAtOwnPeerPort(limits: { readonly signal: AbortSignal; readonly timeoutMs: number }): Promise<void>;
  /** Status of the own member. */
  ownStatus(asker: Asker): Promise<EtcdStatus>;
  /** Status of another member over the connection kept open to its client port. Calls at the same time share one answer. */
  memberStatus(name: string, asker: Asker): Promise<EtcdStatus>;
  /** Resolves when no Status call to that member is under way; how one ended is in findLook. */
  statusSettled(name: string): Promise<void>;
  /** A Status call to that member is under way and its answer is late: 0.25 s and more. */
  isLate(name: string): boolean;
  /** GET /version on another member's peer port, over a connection kept open with the member's own peer certificate. */
  peerVersion(
    name: string,
    limits: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<string>;
  /** As peerVersion, with a request of 6 KiB over a connection of its own. What it showed is the answer; rejects where nothing was tried. */
  peerLargeLook(
    name: string,
    limits: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<LinkLook>;
  /** One-key range of the own member. */
  read(consistency: "serializable" | "linearizable", signal: AbortSignal): Promise<void>;
  memberList(
    signal: AbortSignal,
  ): Promise<{ readonly clusterId: bigint; readonly members: readonly EtcdMember[] }>;
  /**
   * Has a member read its whole database: dear, so only the hash_kv probe asks, one member at a time. "" is the own member.
   * Rejects with reason future_revision (it has not applied so far yet) or compacted.
   */
  hashKv(name: string, revision: bigint, signal: AbortSignal): Promise<EtcdHash>;
  /** The last Status or read of the own member failed. */
  isOwnFailing(): boolean;
  /**
   * GET of one of etcd's own checks of its health (/readyz, /health), over a connection of its own: the body, whatever the status.
   * `asked` is host:port/path. etcd takes 5 s and two election timeouts to call a read failed.
   */
  healthBody(
    path: string,
    limits: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<{ readonly asked: string; readonly body: string }>;
  /** What /metrics of the own member answers, as it came. */
  metricsBody(signal: AbortSignal): Promise<Buffer>;
}
