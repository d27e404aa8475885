/**
 * What etcd's flags are when they are not given, by version. Of 3.4 and 3.5 as `etcd --help` of 3.4.23 and 3.5.16 says, which a
 * test holds against the programs. Of 3.6 by upstream's pages (v3.6 configuration, "Downgrade etcd from v3.6 to v3.5" with the difference
 * of 3.6.0 and 3.5.18) and its server/embed/config.go: no program of it has been asked.
 */

export type FlagDefaults = Readonly<Record<string, string>>;

/** The same in 3.4, 3.5 and 3.6: in force also while the version is not known. */
export const COMMON_DEFAULTS: FlagDefaults = {
  name: "default",
  "heartbeat-interval": "100",
  "election-timeout": "1000",
  "listen-peer-urls": "http://localhost:2380",
  "listen-client-urls": "http://localhost:2379",
  "initial-advertise-peer-urls": "http://localhost:2380",
  "advertise-client-urls": "http://localhost:2379",
  "max-snapshots": "5",
  "max-wals": "5",
  "quota-backend-bytes": "0",
  "max-txn-ops": "128",
  "max-request-bytes": "1572864",
  "strict-reconfig-check": "true",
  "auto-compaction-retention": "0",
  "auto-compaction-mode": "periodic",
  "client-cert-auth": "false",
  "auto-tls": "false",
  "peer-client-cert-auth": "false",
  "peer-auto-tls": "false",
  "experimental-initial-corrupt-check": "false",
  "experimental-corrupt-check-time": "0s",
};

const SINCE_3_5: FlagDefaults = {
  "pre-vote": "true",
  logger: "zap",
  "backend-bbolt-freelist-type": "map",
  "raft-read-timeout": "5s",
  "raft-write-timeout": "5s",
  "self-signed-cert-validity": "1",
  "socket-reuse-address": "false",
  "socket-reuse-port": "false",
  "tls-min-version": "TLS1.2",
  "enable-log-rotation": "false",
  "unsafe-no-fsync": "false",
};

const UNTIL_3_5: FlagDefaults = {
  "snapshot-count": "100000",
  "enable-v2": "false",
  "experimental-compaction-batch-limit": "1000",
  "experimental-enable-lease-checkpoint": "false",
  "experimental-peer-skip-client-san-verification": "false",
  "experimental-warning-apply-duration": "100ms",
  "experimental-watch-progress-notify-interval": "10m",
};

/** Beside COMMON_DEFAULTS, by the first two numbers of the version. */
export const VERSION_DEFAULTS: Readonly<Record<string, FlagDefaults>> = {
  "3.4": {
    ...UNTIL_3_5,
    "pre-vote": "false",
    logger: "capnslog",
    debug: "false",
    "experimental-backend-bbolt-freelist-type": "array",
  },
  "3.5": {
    ...SINCE_3_5,
    ...UNTIL_3_5,
    "v2-deprecation": "not-yet",
    "experimental-compact-hash-check-enabled": "false",
    "experimental-compact-hash-check-time": "1m",
    "experimental-compaction-sleep-interval": "10ms",
    "experimental-enable-distributed-tracing": "false",
    "experimental-enable-lease-checkpoint-persist": "false",
    "experimental-txn-mode-write-with-shared-buffer": "true",
  },
  "3.6": {
    ...SINCE_3_5,
    "snapshot-count": "10000",
    "v2-deprecation": "write-only",
    "log-format": "json",
    "max-learners": "1",
    "feature-gates": "",
    "bootstrap-defrag-threshold-megabytes": "0",
    "compact-hash-check-time": "1m",
    "compaction-batch-limit": "1000",
    "compaction-sleep-interval": "10ms",
    "corrupt-check-time": "0s",
    "downgrade-check-time": "5s",
    "enable-distributed-tracing": "false",
    "memory-mlock": "false",
    "peer-skip-client-san-verification": "false",
    "snapshot-catchup-entries": "5000",
    "warning-apply-duration": "100ms",
    "warning-unary-request-duration": "300ms",
    "watch-progress-notify-interval": "10m",
  },
};

/** "3.5.16" → "3.5"; undefined: a version whose defaults are not known here, or none. */
export function findDefaultsVersion(version: string): string | undefined {
  const minor = /^(\d+\.\d+)\./.exec(version)?.[1];
  return minor !== undefined && minor in VERSION_DEFAULTS ? minor : undefined;
}
