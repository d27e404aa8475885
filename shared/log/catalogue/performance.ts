/** Slow and too much: nothing once, something by the minute. */
import { ANYONE, TOOLS } from "../signature.ts";
import type { Signature } from "../signature.ts";

const MINUTE_MS = 60_000;

export const PERFORMANCE_SIGNATURES: readonly Signature[] = [
  {
    code: "HEARTBEATS_LATE",
    severity: "warning",
    match: /failed to send out heartbeat on time|server is likely overloaded/,
    // A leader says so once for each follower, 3.4 twice.
    rate: { count: 4, withinMs: MINUTE_MS, apartMs: 50, below: "info" },
    example:
      '{"level":"warn","caller":"etcdserver/raft.go:426","msg":"leader failed to send out heartbeat on time; took too long, leader is overloaded likely from slow disk","exceeded-duration":"497.877354ms"}',
    source: "3.5.16, captured: leader-paused",
  },
  {
    code: "REQUEST_OVERLOAD",
    severity: "warning",
    match: /etcdserver: too many requests/,
    origins: ANYONE,
    rate: { count: 10, withinMs: MINUTE_MS, below: "info" },
    example: "etcdserver: too many requests",
    source: "3.4 to 3.6 etcdserver/errors.go",
  },
  {
    code: "LARGE_RESPONSES",
    severity: "warning",
    match: /apply request took too long/,
    // A megabyte and more; what it is asked for by the minute holds up the rest.
    field: { name: "response", match: /size:\d{7,}/ },
    rate: { count: 5, withinMs: MINUTE_MS, below: "info" },
    example:
      '{"level":"warn","caller":"etcdserver/util.go:170","msg":"apply request took too long","took":"1.2s","expected-duration":"100ms","prefix":"read-only range ","response":"range_response_count:500 size:20012345"}',
    source: "3.5 etcdserver/util.go, 3.6 txn/util.go",
  },
  {
    code: "LARGE_RESPONSES",
    severity: "warning",
    match: /^request stats/,
    field: { name: "response size", match: /^\d{7,}/ },
    rate: { count: 5, withinMs: MINUTE_MS, below: "info" },
    example:
      '{"level":"warn","caller":"v3rpc/interceptor.go:197","msg":"request stats","time spent":"1.2s","remote":"10.0.0.2:1","response type":"/etcdserverpb.KV/Range","response count":500,"response size":20012345}',
    source: "3.4 to 3.6 v3rpc/interceptor.go",
  },
  {
    code: "LARGE_RESPONSES",
    severity: "warning",
    match: /range_response_count:\d+ size:\d{7,}.* took too long \(/,
    rate: { count: 5, withinMs: MINUTE_MS, below: "info" },
    example:
      '2026-11-22 21:54:03.858442 W | etcdserver: read-only range request "key:\\"k\\" " with result "range_response_count:500 size:20012345" took too long (1.2s) to execute',
    source: "3.4 etcdserver/util.go",
  },
  {
    code: "SNAPSHOT_SLOW",
    severity: "warning",
    match: /snapshotting taking too long to transfer|snapshotting is taking more than/,
    example:
      '{"level":"warn","caller":"backend/backend.go:330","msg":"snapshotting taking too long to transfer","taking":"30.1s","bytes":200000000,"size":"200 MB"}',
    source: "3.4 to 3.6 mvcc/backend/backend.go",
  },
  {
    code: "SLOW_REQUESTS",
    severity: "warning",
    match: /apply request took too long|waiting for ReadIndex response took too long/,
    // A second and more is told even once; below, only what comes by the minute.
    field: { name: "took", match: /^(?:\d+h|\d+m\d|(?:[1-9]|\d{2,})(?:\.\d+)?s)/ },
    rate: { count: 20, withinMs: MINUTE_MS, below: "info" },
    example:
      '{"level":"warn","caller":"etcdserver/util.go:170","msg":"apply request took too long","took":"1.995916298s","expected-duration":"100ms","prefix":"read-only range ","error":"context deadline exceeded"}',
    source: "3.5.16, captured: quorum-lost",
  },
  {
    code: "SLOW_REQUESTS",
    severity: "warning",
    match: /took too long \((?:\d+h|\d+m\d|(?:[1-9]|\d{2,})(?:\.\d+)?s)/,
    rate: { count: 20, withinMs: MINUTE_MS, below: "info" },
    example:
      '2026-11-22 21:54:03.858442 W | etcdserver: read-only range request "key:\\"key\\" " with result "error:context canceled" took too long (1.999s) to execute',
    source: "3.4 etcdserver/util.go",
  },
  {
    code: "SLOW_REQUESTS",
    severity: "warning",
    match:
      /took too long(?: \(|.* to execute)|apply request took too long|waiting for ReadIndex response took too long/,
    rate: { count: 20, withinMs: MINUTE_MS, below: null },
    example:
      '{"level":"warn","caller":"etcdserver/util.go:170","msg":"apply request took too long","took":"120.5ms","expected-duration":"100ms"}',
    source: "3.4 to 3.6 etcdserver/util.go, txn/util.go",
  },
  {
    code: "REQUEST_TOO_LARGE",
    severity: "warning",
    match:
      /etcdserver: request is too large|trying to send message larger than max|received message larger than max/,
    origins: ANYONE,
    example: "etcdserver: request is too large",
    source: "3.4 to 3.6 etcdserver/errors.go",
  },
  {
    code: "REQUEST_TIMEOUT",
    severity: "warning",
    match: /etcdserver: request timed out|timed out waiting for read index response/,
    origins: ANYONE,
    expectedAt: ["boot"],
    example:
      '{"level":"warn","caller":"etcdserver/server.go:2161","msg":"failed to publish local member to cluster through raft","error":"etcdserver: request timed out"}',
    source: "3.5.16, captured: peer-cert-expired",
  },
  {
    code: "REQUEST_TIMEOUT",
    severity: "warning",
    match: /context deadline exceeded/,
    origins: TOOLS,
    example: "Error: context deadline exceeded",
    source: "etcdctl and the API server, 3.4 to 3.6",
  },
];
