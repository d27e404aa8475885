/** What etcd's flags are called and what they are when not given: etcd's own --help of 3.4 and 3.5, kept apart as data. */

/**
 * Defaults that are the same in 3.4, 3.5 and 3.6, of flags that members should agree on or that diagnosis reads.
 * pre-vote, logger and (3.6) snapshot-count differ by version, so they are only known when given.
 */
export const FLAG_DEFAULTS: Readonly<Record<string, string>> = {
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

const OTHER_FLAGS = `
  auth-token auth-token-ttl backend-batch-interval backend-batch-limit backend-bbolt-freelist-type bcrypt-cost cert-file
  cipher-suites client-cert-allowed-hostname client-cert-file client-crl-file client-key-file config-file cors data-dir
  debug discovery discovery-fallback discovery-proxy discovery-srv discovery-srv-name enable-grpc-gateway
  enable-log-rotation enable-pprof enable-v2 force-new-cluster grpc-keepalive-interval grpc-keepalive-min-time
  grpc-keepalive-timeout host-whitelist initial-cluster initial-cluster-state initial-cluster-token
  initial-election-tick-advance key-file listen-client-http-urls listen-metrics-urls log-level log-outputs
  log-package-levels log-rotation-config-json logger max-concurrent-streams metrics peer-cert-allowed-cn
  peer-cert-allowed-hostname peer-cert-file peer-client-cert-file peer-client-key-file peer-crl-file peer-key-file
  peer-trusted-ca-file pre-vote proxy proxy-dial-timeout proxy-failure-wait proxy-read-timeout proxy-refresh-interval
  proxy-write-timeout raft-read-timeout raft-write-timeout self-signed-cert-validity snapshot-count
  socket-reuse-address socket-reuse-port tls-max-version tls-min-version trusted-ca-file unsafe-no-fsync
  v2-deprecation wal-dir
`
  .trim()
  .split(/\s+/);

const KNOWN = new Set([...Object.keys(FLAG_DEFAULTS), ...OTHER_FLAGS]);

/** Kubernetes and packages set variables such as ETCD_PORT or ETCD_VER that are no flags of etcd. */
export function isFlagName(name: string): boolean {
  return KNOWN.has(name) || name.startsWith("experimental-") || name.startsWith("feature-gates");
}
