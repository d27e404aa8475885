/** Membership, leader, peers and the network between them. */
import { ANYONE, ETCD_ONLY, TOOLS } from "../signature.ts";
import type { Signature } from "../signature.ts";

const MINUTE_MS = 60_000;

export const CLUSTER_SIGNATURES: readonly Signature[] = [
  {
    code: "VERSION_SKEW",
    severity: "warning",
    match:
      /version incompatib|incompatible (?:server )?version|incompatible with current running cluster|the local etcd version .* is not up-to-date/i,
    example:
      '{"level":"warn","caller":"rafthttp/stream.go:600","msg":"request sent was ignored by remote peer due to server version incompatibility","error":"incompatible version"}',
    source: "3.4 to 3.6 rafthttp/stream.go",
  },
  {
    code: "CLUSTER_ID_MISMATCH",
    severity: "critical",
    match: /cluster[- ]ID mismatch|request sent was ignored/i,
    origins: ANYONE,
    example:
      '{"level":"warn","caller":"rafthttp/stream.go:653","msg":"request sent was ignored by remote peer due to cluster ID mismatch","error":"cluster ID mismatch"}',
    source: "3.5.16, captured: cluster-id",
  },
  {
    code: "MEMBER_REMOVED",
    severity: "critical",
    match:
      /(?:has been )?permanently removed from the cluster|data-dir used by this member must be removed|the member has been removed|unexpected removal of unknown remote peer|rejected stream from remote peer because it was removed|member was removed/,
    example:
      '{"level":"warn","caller":"etcdserver/server.go:1150","msg":"server error","error":"the member has been permanently removed from the cluster"}',
    source: "3.5.16, captured: member-removed",
  },
  {
    code: "RECONFIG_REFUSED",
    severity: "warning",
    match:
      /rejecting member (?:add|remove|promote) request|not healthy for reconfigure|re-configuration failed due to not enough started members|etcdserver: unhealthy cluster/,
    origins: ANYONE,
    example:
      '{"level":"warn","caller":"etcdserver/server.go:1340","msg":"rejecting member remove request; local member has not been connected to all peers, reconfigure breaks active quorum","error":"etcdserver: unhealthy cluster"}',
    source: "3.5.16, captured: member-removed",
  },
  {
    code: "QUORUM_LOST",
    severity: "critical",
    match: /stepped down to follower since quorum is not active/,
    example:
      '{"level":"warn","logger":"raft","caller":"etcdserver/zap_raft.go:85","msg":"a1bdebc71671ee stepped down to follower since quorum is not active"}',
    source: "3.5.16, captured: quorum-lost",
  },
  {
    code: "NO_LEADER",
    severity: "critical",
    match:
      /no leader at term \d+|etcdserver: no leader|RAFT NO LEADER|serving \/health false; no leader|error; no leader|^no leader$|"no leader"/,
    origins: ANYONE,
    expectedAt: ["boot"],
    example:
      '{"level":"info","logger":"raft","caller":"etcdserver/zap_raft.go:77","msg":"a1bdebc71671ee no leader at term 2; dropping index reading msg"}',
    source: "3.5.16, captured: quorum-lost",
  },
  {
    code: "LEADER_ELECTION",
    severity: "warning",
    match: /is starting a new election at term|election timeout elapsed/,
    expectedAt: ["boot"],
    example:
      '{"level":"info","logger":"raft","caller":"etcdserver/zap_raft.go:77","msg":"a1bdebc71671ee is starting a new election at term 2"}',
    source: "3.5.16, captured: quorum-lost",
  },
  {
    code: "LEADER_LOST",
    severity: "warning",
    match: /raft\.node: \S+ lost leader/,
    expectedAt: ["boot", "stop"],
    example:
      '{"level":"info","logger":"raft","caller":"etcdserver/zap_raft.go:77","msg":"raft.node: 6980da11ecf1225b lost leader a013a078ba1ce534 at term 3"}',
    source: "3.5.16, captured: leader-killed",
  },
  {
    code: "LEADER_CHANGED",
    severity: "info",
    match: /raft\.node: \S+ (?:changed leader from|elected leader)/,
    expectedAt: ["boot", "stop"],
    example:
      '{"level":"info","logger":"raft","caller":"etcdserver/zap_raft.go:77","msg":"raft.node: 6980da11ecf1225b elected leader cb38a4ab8ea24c12 at term 3"}',
    source: "3.5.16, captured: leader-killed",
  },
  {
    code: "CLOCK_SKEW",
    severity: "warning",
    match: /prober found high clock drift|clock difference against peer/,
    example:
      '{"level":"warn","caller":"rafthttp/probing_status.go:86","msg":"prober found high clock drift","clock-drift":"29.99s"}',
    source: "3.5.30 clock-skew; 3.4 rafthttp/probing_status.go",
  },
  {
    code: "DNS_FAILING",
    severity: "warning",
    match:
      /lookup \S+.*(?:no such host|server misbehaving|i\/o timeout|connection refused)|Temporary failure in name resolution/,
    origins: ETCD_ONLY,
    example:
      '{"level":"warn","caller":"rafthttp/probing_status.go:68","msg":"prober detected unhealthy status","error":"dial tcp: lookup m2 on 10.0.0.2:53: no such host"}',
    source: "3.4 to 3.6, Go net",
  },
  {
    code: "RAFT_MESSAGE_DROPPED",
    severity: "warning",
    match: /dropped (?:internal )?Raft message|dropped internal raft message/,
    expectedAt: ["boot", "stop"],
    example:
      '{"level":"warn","caller":"rafthttp/peer.go:267","msg":"dropped internal Raft message since sending buffer is full (overloaded network)"}',
    source: "3.5.16, captured: partition",
  },
  {
    code: "PEER_LINK_DOWN",
    severity: "warning",
    match:
      /prober detected unhealthy status|health check for peer .* could not connect|lost (?:the )?TCP streaming connection|peer .*became inactive|failed to reach the peer ?URL|failed to (?:dial|read) [0-9a-f]+ on stream|failed to get version|cannot get the version of member/,
    unless: /context canceled/,
    expectedAt: ["boot", "stop"],
    example:
      '{"level":"warn","caller":"rafthttp/probing_status.go:68","msg":"prober detected unhealthy status","error":"dial tcp 127.0.0.1:26400: connect: connection refused"}',
    source: "3.5.16, captured: follower-killed, partition",
  },
  {
    code: "MEMBER_UNHEALTHY",
    severity: "critical",
    match: /(?:member \S+|https?:\/\/\S+) is unhealthy/,
    origins: TOOLS,
    example: "https://10.0.0.2:2379 is unhealthy: failed to commit proposal: context deadline exceeded",
    source: "etcdctl 3.4 to 3.6",
  },
  {
    code: "LEADER_FLAPPING",
    severity: "warning",
    match: /leader changed \d+ times|etcdserver: leader changed/,
    origins: ANYONE,
    rate: { count: 3, withinMs: 10 * MINUTE_MS, below: "info" },
    example: "etcdserver: leader changed",
    source: "3.4 to 3.6 etcdserver/errors.go, as clients log it",
  },
];
