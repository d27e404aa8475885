/** Why an etcd does not start. zap says "discovery failed" for nearly all of them: the reason is in `error`. */
import { ETCD_ONLY } from "../signature.ts";
import type { Signature } from "../signature.ts";

export const START_SIGNATURES: readonly Signature[] = [
  {
    code: "START_ALREADY_BOOTSTRAPPED",
    severity: "critical",
    match: /has already been bootstrapped/,
    example:
      '{"level":"fatal","caller":"etcdmain/etcd.go:204","msg":"discovery failed","error":"member 85bb4126487c4fb5 has already been bootstrapped"}',
    source: "3.5.16, captured: already-bootstrapped",
  },
  {
    code: "START_PORT_IN_USE",
    severity: "critical",
    match: /address already in use/,
    origins: ETCD_ONLY,
    example:
      '{"level":"fatal","caller":"etcdmain/etcd.go:204","msg":"discovery failed","error":"listen tcp 127.0.0.1:2379: bind: address already in use"}',
    source: "3.5.16, captured: start-failures",
  },
  {
    code: "START_BIND_ADDRESS",
    severity: "critical",
    match: /cannot assign requested address/,
    unless: /^dial|dial tcp/,
    origins: ETCD_ONLY,
    example:
      '{"level":"fatal","caller":"etcdmain/etcd.go:204","msg":"discovery failed","error":"listen tcp 10.254.253.252:2380: bind: cannot assign requested address"}',
    source: "3.5.16, captured: start-failures",
  },
  {
    code: "START_DATA_DIR_LOCKED",
    severity: "critical",
    match:
      /file already locked|flocked by another process|db file is flocked|resource temporarily unavailable|cannot (?:get|acquire) (?:the )?lock/,
    unless: /dial tcp|accept/,
    example: "db file is flocked by another process, or taking too long",
    source: "3.4, 3.5 captured: start-failures; fileutil.ErrLocked",
  },
  {
    code: "CERT_KEY_MISMATCH",
    severity: "critical",
    match: /private key does not match public key/,
    example:
      '{"level":"fatal","caller":"etcdmain/etcd.go:219","msg":"listener failed","error":"tls: private key does not match public key"}',
    source: "3.5.16, captured: start-failures",
  },
  {
    code: "START_CERT_UNREADABLE",
    severity: "critical",
    match:
      /open \S*(?:\.(?:crt|pem|key|cert)|\/pki\/\S*|\/ssl\/\S*|\/tls\/\S*): (?:no such file or directory|permission denied|is a directory)|failed to find any PEM data|KeyFile and CertFile|could not (?:load|parse) (?:the )?(?:cert|key)|failed to (?:load|parse) (?:certificate|key pair)|asn1: structure error|must specify a? ?CA|tls: failed to parse (?:certificate|private key)/i,
    example:
      '{"level":"fatal","caller":"etcdmain/etcd.go:219","msg":"listener failed","error":"open /etc/kubernetes/pki/etcd/server.crt: no such file or directory"}',
    source: "3.5.16, captured: start-failures",
  },
  {
    code: "START_DATA_DIR_PERMISSION",
    severity: "critical",
    match:
      /(?:data directory|data-dir|data dir|\/member|\bwal\b|snap|\/db|mkdir|lock).*(?:permission denied|operation not permitted)|(?:cannot|failed to) (?:write to|access|list|create) (?:the )?(?:data )?director.*(?:permission|denied)|cannot access data directory|open \S+: permission denied/,
    origins: ETCD_ONLY,
    example:
      '{"level":"fatal","caller":"etcdmain/etcd.go:435","msg":"failed to list data directory","dir":"/var/lib/etcd","error":"open /var/lib/etcd: permission denied"}',
    source: "3.5.16, captured: start-failures",
  },
  {
    code: "DOWNGRADE_BLOCKED",
    severity: "critical",
    match: /invalid downgrade/,
    example:
      '{"level":"fatal","caller":"membership/cluster.go:848","msg":"invalid downgrade; server version is lower than determined cluster version"}',
    source: "3.5, 3.6 membership; 3.4 membership/cluster.go",
  },
  {
    code: "TOO_MANY_LEARNERS",
    severity: "critical",
    match: /too many learner members in cluster/,
    example:
      '{"level":"fatal","caller":"etcdmain/etcd.go:204","msg":"discovery failed","error":"membership: too many learner members in cluster"}',
    source: "3.6 membership/errors.go, after an upgrade from 3.5.1 to 3.5.19",
  },
  {
    code: "MEMBERSHIP_MISMATCH",
    severity: "critical",
    match:
      /error validating (?:existing cluster|peerURLs)|member count is unequal|unmatched member while checking PeerURLs|(?:PeerURLs|peer URLs?): no match found|data-dir .*(?:another|other) member/i,
    example:
      '{"level":"fatal","caller":"etcdmain/etcd.go:204","msg":"discovery failed","error":"error validating peerURLs {ClusterID:… }: member count is unequal"}',
    source: "3.4 to 3.6 etcdserver/server.go, membership/cluster.go; 3.5.16 captured: member-removed",
  },
  {
    code: "START_CLUSTER_UNREACHABLE",
    severity: "critical",
    match:
      /cannot fetch cluster info from peer urls|could not retrieve cluster information from the given URLs/,
    example:
      '{"level":"fatal","caller":"etcdmain/etcd.go:204","msg":"discovery failed","error":"cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs"}',
    source: "3.4 to 3.6 etcdserver/server.go",
  },
  {
    code: "START_CONFIG_INVALID",
    severity: "critical",
    match:
      /flag provided but not defined|failed to verify flags|error verifying flags|unknown flag|couldn't find local name|missing from --initial-advertise-peer-urls|should be at least as 5 times as|expected IP in URL for binding|error parsing (?:--|flag)|conflicting environment variable .* is shadowed|error converting YAML|invalid value .* for (?:flag|-)|error setting flag|unrecognized (?:configuration|environment)|failed to parse (?:flag|config)/i,
    unless: /unrecognized environment/i,
    example:
      '{"level":"warn","caller":"etcdmain/etcd.go:75","msg":"failed to verify flags","error":"--election-timeout[1500ms] should be at least as 5 times as --heartbeat-interval[1000ms]"}',
    source: "3.5.16, captured: start-failures",
  },
];

/** Last of all: something ended etcd that no other signature knows. */
export const FALLBACK_SIGNATURES: readonly Signature[] = [
  {
    code: "START_FAILED",
    severity: "critical",
    match:
      /^(?:discovery failed|failed to start etcd|listener failed|failed to (?:list|create) data directory)/,
    example:
      '{"level":"fatal","caller":"etcdmain/etcd.go:204","msg":"discovery failed","error":"unexpected"}',
    source: "3.4 to 3.6 etcdmain/etcd.go",
  },
  {
    code: "ETCD_PANIC",
    severity: "critical",
    match: /^\s*(?:panic: |fatal error: )/,
    origins: ETCD_ONLY,
    example: "panic: runtime error: invalid memory address or nil pointer dereference",
    source: "Go's runtime",
  },
];
