/** What the machine around etcd says: systemd, the kernel, the kubelet, and clients that find nobody there. */
import { ETCD_ONLY, SYSTEM, TOOLS } from "../signature.ts";
import type { Signature } from "../signature.ts";

export const SYSTEM_SIGNATURES: readonly Signature[] = [
  {
    code: "OOM_KILLED",
    severity: "critical",
    match:
      /(?:Out of memory|Memory cgroup out of memory): Kill(?:ed)? process \d+ \(etcd\)|etcd\S*: (?:A process of this unit has been killed by the OOM killer|Failed with result 'oom-kill')|etcd.*OOMKilled/,
    origins: SYSTEM,
    example: "Memory cgroup out of memory: Killed process 812 (etcd) total-vm:11812344kB, anon-rss:2093056kB",
    source: "Linux 5.x, 6.x mm/oom_kill.c; systemd 252",
  },
  {
    code: "CRASH_LOOP",
    severity: "critical",
    match:
      /etcd\S*: (?:Start request repeated too quickly|Scheduled restart job, restart counter is at (?:[3-9]|\d\d))|[Bb]ack-off .*restarting failed container.*etcd/,
    origins: SYSTEM,
    example: "etcd.service: Scheduled restart job, restart counter is at 5.",
    source: "systemd 252; the kubelet's event",
  },
  {
    code: "PROCESS_EXITED",
    severity: "critical",
    match:
      /etcd\S*: [Mm]ain process exited, code=(?!exited, status=0\/)|etcd\S*: Failed with result|etcd process exited/,
    origins: ["systemd", "unknown", "other"],
    example: "etcd.service: Main process exited, code=exited, status=1/FAILURE",
    source: "systemd 252",
  },
  {
    code: "FD_NEAR_LIMIT",
    severity: "critical",
    match: /too many open files|file descriptor limit of etcd process is too low/,
    origins: ETCD_ONLY,
    example:
      '{"level":"warn","caller":"embed/serve.go:213","msg":"stopping insecure grpc server due to error","error":"accept4: too many open files"}',
    source: "3.4 to 3.6, Go net; embed/etcd.go",
  },
  {
    code: "MEMBER_DOWN",
    severity: "critical",
    match:
      /dial tcp \S+:2379: connect: connection refused|connection to the server \S+:2379 was refused|^(?:.*: )?connect: connection refused$|^connection refused$/,
    // etcd's own gateway, dialling its own client port while it starts.
    unless: /\bgrpc: /,
    origins: TOOLS,
    example: "Error: dial tcp 127.0.0.1:2379: connect: connection refused",
    source: "etcdctl and the API server, 3.4 to 3.6",
  },
];
