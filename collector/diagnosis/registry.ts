/** Every rule, one line each. Order is the order of checks in a report: nearest to the machine first within a layer. */
import type { Rule } from "./rule.ts";
import { agentDegraded } from "./rules/agent-degraded.ts";
import { agentDataLost } from "./rules/agent-data-lost.ts";
import { agentSilent } from "./rules/agent-silent.ts";
import { asymmetricLink } from "./rules/asymmetric-link.ts";
import { autoCompactionOff } from "./rules/auto-compaction-off.ts";
import { backupInvalid } from "./rules/backup-invalid.ts";
import { backupMissing } from "./rules/backup-missing.ts";
import { backupStale } from "./rules/backup-stale.ts";
import { certExpired } from "./rules/cert-expired.ts";
import { certExpiring } from "./rules/cert-expiring.ts";
import { certKeyMismatch } from "./rules/cert-key-mismatch.ts";
import { certNotReloaded } from "./rules/cert-not-reloaded.ts";
import { certSanMismatch } from "./rules/cert-san-mismatch.ts";
import { certUnreadable } from "./rules/cert-unreadable.ts";
import { certUntrusted } from "./rules/cert-untrusted.ts";
import { clientPortBlocked } from "./rules/client-port-blocked.ts";
import { clockSkew } from "./rules/clock-skew.ts";
import { clusterIdMismatch } from "./rules/cluster-id-mismatch.ts";
import { corruptCheckOff } from "./rules/corrupt-check-off.ts";
import { cpuStarved } from "./rules/cpu-starved.ts";
import { compactionFailing } from "./rules/compaction-failing.ts";
import { crashLoop } from "./rules/crash-loop.ts";
import { dataCorrupt } from "./rules/data-corrupt.ts";
import { dbFragmented } from "./rules/db-fragmented.ts";
import { dbGrowth } from "./rules/db-growth.ts";
import { diskContended } from "./rules/disk-contended.ts";
import { collectorDegraded } from "./rules/collector-degraded.ts";
import { diskFull } from "./rules/disk-full.ts";
import { diskNearlyFull } from "./rules/disk-nearly-full.ts";
import { diskSlow } from "./rules/disk-slow.ts";
import { diskStalled } from "./rules/disk-stalled.ts";
import { dnsFailing } from "./rules/dns-failing.ts";
import { evenVoters } from "./rules/even-voters.ts";
import { fdNearLimit } from "./rules/fd-near-limit.ts";
import { flagDrift } from "./rules/flag-drift.ts";
import { fsReadOnly } from "./rules/fs-read-only.ts";
import { heartbeatsLate } from "./rules/heartbeats-late.ts";
import { inodesExhausted } from "./rules/inodes-exhausted.ts";
import { keyFileExposed } from "./rules/key-file-exposed.ts";
import { largeResponses } from "./rules/large-responses.ts";
import { leaderDisagreement } from "./rules/leader-disagreement.ts";
import { leaderFlapping } from "./rules/leader-flapping.ts";
import { learnerNotPromoted } from "./rules/learner-not-promoted.ts";
import { memberDown } from "./rules/member-down.ts";
import { memberHung } from "./rules/member-hung.ts";
import { memberRemoved } from "./rules/member-removed.ts";
import { membershipMismatch } from "./rules/membership-mismatch.ts";
import { memoryPressure } from "./rules/memory-pressure.ts";
import { noLeader } from "./rules/no-leader.ts";
import { nodeUnreachable } from "./rules/node-unreachable.ts";
import { oomKilled } from "./rules/oom-killed.ts";
import { packetLoss } from "./rules/packet-loss.ts";
import { partition } from "./rules/partition.ts";
import { peerLatencyHigh } from "./rules/peer-latency-high.ts";
import { peerLinkDown } from "./rules/peer-link-down.ts";
import { peerPortBlocked } from "./rules/peer-port-blocked.ts";
import { processStopped } from "./rules/process-stopped.ts";
import { proposalsFailing } from "./rules/proposals-failing.ts";
import { proposalsPending } from "./rules/proposals-pending.ts";
import { quorumAtRisk } from "./rules/quorum-at-risk.ts";
import { quorumLost } from "./rules/quorum-lost.ts";
import { quotaExceeded } from "./rules/quota-exceeded.ts";
import { quotaNear } from "./rules/quota-near.ts";
import { raftLag } from "./rules/raft-lag.ts";
import { readsHang } from "./rules/reads-hang.ts";
import { sharedDisk } from "./rules/shared-disk.ts";
import { requestOverload } from "./rules/request-overload.ts";
import { slowRequests } from "./rules/slow-requests.ts";
import { snapshotSlow } from "./rules/snapshot-slow.ts";
import { startAlreadyBootstrapped } from "./rules/start-already-bootstrapped.ts";
import { startCertUnreadable } from "./rules/start-cert-unreadable.ts";
import { startConfigInvalid } from "./rules/start-config-invalid.ts";
import { startDataDirLocked } from "./rules/start-data-dir-locked.ts";
import { startDataDirPermission } from "./rules/start-data-dir-permission.ts";
import { startDbCorrupt } from "./rules/start-db-corrupt.ts";
import { startFailed } from "./rules/start-failed.ts";
import { startPortInUse } from "./rules/start-port-in-use.ts";
import { startWalCorrupt } from "./rules/start-wal-corrupt.ts";
import { timeoutsUnsuitable } from "./rules/timeouts-unsuitable.ts";
import { versionKnownBad } from "./rules/version-known-bad.ts";
import { versionSkew } from "./rules/version-skew.ts";
import { walFileMissing } from "./rules/wal-file-missing.ts";

export const RULES: readonly Rule[] = [
  processStopped,
  memberDown,
  memberHung,
  oomKilled,
  crashLoop,
  startConfigInvalid,
  startPortInUse,
  startDataDirPermission,
  startDataDirLocked,
  startCertUnreadable,
  startWalCorrupt,
  startDbCorrupt,
  startAlreadyBootstrapped,
  startFailed,
  cpuStarved,
  memoryPressure,
  fdNearLimit,
  quorumLost,
  quorumAtRisk,
  noLeader,
  leaderFlapping,
  leaderDisagreement,
  readsHang,
  raftLag,
  clusterIdMismatch,
  membershipMismatch,
  memberRemoved,
  learnerNotPromoted,
  evenVoters,
  diskFull,
  diskNearlyFull,
  inodesExhausted,
  fsReadOnly,
  dataCorrupt,
  diskStalled,
  diskContended,
  diskSlow,
  quotaExceeded,
  quotaNear,
  dbFragmented,
  dbGrowth,
  walFileMissing,
  backupMissing,
  backupStale,
  backupInvalid,
  nodeUnreachable,
  partition,
  peerLinkDown,
  peerPortBlocked,
  clientPortBlocked,
  asymmetricLink,
  dnsFailing,
  peerLatencyHigh,
  packetLoss,
  clockSkew,
  certExpired,
  certExpiring,
  certUnreadable,
  certKeyMismatch,
  certUntrusted,
  certSanMismatch,
  certNotReloaded,
  keyFileExposed,
  timeoutsUnsuitable,
  flagDrift,
  versionSkew,
  versionKnownBad,
  corruptCheckOff,
  sharedDisk,
  autoCompactionOff,
  slowRequests,
  heartbeatsLate,
  proposalsFailing,
  proposalsPending,
  requestOverload,
  largeResponses,
  snapshotSlow,
  compactionFailing,
  agentSilent,
  agentDegraded,
  agentDataLost,
  collectorDegraded,
];
