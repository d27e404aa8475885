/** What etcd's flags are called, and which variables of the environment are some. */
import { COMMON_DEFAULTS, VERSION_DEFAULTS } from "./etcd-flag-defaults.ts";

/**
 * Beside those with a default: etcd's own --help of 3.4.23 and 3.5.16, and what 3.6 has added to them (upstream's page
 * "Downgrade etcd from v3.6 to v3.5", which lists the difference of 3.6.0 and 3.5.18).
 */
const OTHER_FLAGS = `
  auth-token auth-token-ttl backend-batch-interval backend-batch-limit backend-bbolt-freelist-type bcrypt-cost cert-file
  cipher-suites client-cert-allowed-hostname client-cert-file client-crl-file client-key-file config-file cors data-dir
  debug discovery discovery-cacert discovery-cert discovery-dial-timeout discovery-endpoints discovery-fallback
  discovery-insecure-skip-tls-verify discovery-insecure-transport discovery-keepalive-time discovery-keepalive-timeout
  discovery-key discovery-password discovery-proxy discovery-request-timeout discovery-srv discovery-srv-name
  discovery-token discovery-user distributed-tracing-address distributed-tracing-instance-id
  distributed-tracing-sampling-rate distributed-tracing-service-name enable-grpc-gateway
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

const KNOWN = new Set([
  ...Object.keys(COMMON_DEFAULTS),
  ...Object.values(VERSION_DEFAULTS).flatMap((defaults) => Object.keys(defaults)),
  ...OTHER_FLAGS,
]);

/** What Kubernetes sets for a service named etcd, and packages and images for their own scripts. */
const NO_FLAGS = [
  /(?:^|-)service-(?:host|port)/,
  /(?:^|-)port(?:-\d+-(?:tcp|udp).*)?$/,
  /^(?:ver|version|unsupported-arch|args|opts|options|user|group|home)$/,
];

/** known: a flag of a version that this knows. other: it may be one of a version that this does not know. */
export type VariableKind = "known" | "other" | "none";

/** `name`: of a variable ETCD_…, in the form of a flag. */
export function classifyVariable(name: string): VariableKind {
  if (KNOWN.has(name) || name.startsWith("experimental-")) {
    return "known";
  }
  return NO_FLAGS.some((pattern) => pattern.test(name)) ? "none" : "other";
}
