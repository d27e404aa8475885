/** A cluster of three with every string of it given by the test: names, URLs, paths and flags as a node would report them. */
import { create } from "@bufbuild/protobuf";
import { evaluate, type Evaluation } from "../../../collector/diagnosis/evaluate.ts";
import { DEFAULT_THRESHOLDS } from "../../../collector/diagnosis/thresholds.ts";
import { EMPTY_TRACKER } from "../../../collector/diagnosis/track.ts";
import { foldCluster } from "../../../collector/view/fold.ts";
import type { ClusterFrames } from "../../../collector/view/node-state.ts";
import type { ProbeRunRecord } from "../../../shared/frame.ts";
import type { Fact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { FactSchema, ProcessState } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { failed, ok } from "../../scenario/world.ts";

/** What the process and resources probes tell of a node that is short of nothing. */
const RESOURCES = [
  { key: "process_open_fds", value: 61 },
  { key: "process_max_fds", value: 65_536 },
  { key: "node_vmstat_oom_kill", value: 0 },
  { key: "node_memory_MemAvailable_bytes", value: 6e9 },
  { key: "node_memory_MemTotal_bytes", value: 8e9 },
];

export const NOW_MS = Date.parse("2026-11-22T03:16:10.000Z");
const CLUSTER_ID = 0xcafen;

export interface ExampleMember {
  readonly name: string;
  readonly version: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
  readonly dataDir: string;
  readonly walDir: string;
  readonly pki: string;
  readonly cgroup: string;
  /** Of a container: its paths by the host's. */
  readonly hostPaths?: Readonly<Record<string, string>>;
  /** What its agent tells; a member without one is known from the others' lists only. */
  readonly hasAgent: boolean;
  readonly isUp: boolean;
}

export function exampleMember(name: string, change: Partial<ExampleMember> = {}): ExampleMember {
  const last = name.slice(-1);
  return {
    name,
    version: "3.5.16",
    clientUrl: `https://10.0.0.${last}:2379`,
    peerUrl: `https://10.0.0.${last}:2380`,
    dataDir: "/var/lib/etcd",
    walDir: "",
    pki: "/etc/etcd/pki",
    cgroup: "/system.slice/etcd.service",
    hasAgent: true,
    isUp: true,
    ...change,
  };
}

export const THREE: readonly ExampleMember[] = ["m1", "m2", "m3"].map((name) => exampleMember(name));

/** The first of them leads while a majority is up. */
export function evaluateExample(members: readonly ExampleMember[], cluster = "prod-a"): Evaluation {
  let frames: ClusterFrames = { cluster, nodes: new Map() };
  for (const [index, member] of members.entries()) {
    if (member.hasAgent) {
      frames = foldCluster(frames, {
        agent: { cluster, node: `node-${index + 1}` },
        instanceId: `i${index}`,
        agentVersion: "0.1.0",
        receivedAtMs: NOW_MS - 100,
        frame: {
          sequence: 1n,
          capturedAtMs: NOW_MS - 100,
          monotonicUs: 0,
          keyframe: true,
          samples: RESOURCES,
          facts: factsOf(members, index),
          events: [],
          probeRuns: runsOf(members, index),
          droppedTotal: 0n,
          clockOffset: { offsetUs: 0, roundTripUs: 400 },
        },
      });
    }
  }
  return evaluate(frames, EMPTY_TRACKER, {
    nowMs: NOW_MS,
    thresholds: DEFAULT_THRESHOLDS,
    expectedVoters: undefined,
    collectorStartedAtMs: NOW_MS - 600_000,
  });
}

function factsOf(members: readonly ExampleMember[], index: number): readonly Fact[] {
  const member = members[index]!;
  const { pki } = member;
  const leaderId = members.filter(({ isUp }) => isUp).length * 2 > members.length ? 1n : 0n;
  const flags = {
    name: member.name,
    "data-dir": member.dataDir,
    "wal-dir": member.walDir,
    "cert-file": `${pki}/server.crt`,
    "key-file": `${pki}/server.key`,
    "trusted-ca-file": `${pki}/ca.crt`,
    "peer-cert-file": `${pki}/peer.crt`,
    "peer-key-file": `${pki}/peer.key`,
    "peer-trusted-ca-file": `${pki}/ca.crt`,
  };
  return [
    fact("process", {
      case: "process",
      value: {
        state: member.isUp ? ProcessState.RUNNING : ProcessState.ABSENT,
        pid: member.isUp ? 812 : 0,
        startedAtUnixMs: BigInt(NOW_MS - 3_600_000),
        sinceUnixMs: BigInt(NOW_MS - 60_000),
        // Nowhere: tests hand commands to a real shell.
        executable: "/nonexistent/etcd",
        cgroup: member.cgroup,
      },
    }),
    fact("flags", {
      case: "flags",
      value: {
        flags,
        given: Object.keys(flags),
        name: member.name,
        dataDir: member.dataDir,
        hostPaths: { ...member.hostPaths },
      },
    }),
    fact("member_list", {
      case: "memberList",
      value: {
        clusterId: CLUSTER_ID,
        members: members.map(({ name, clientUrl, peerUrl }, place) => ({
          id: BigInt(place + 1),
          name,
          clientUrls: [clientUrl],
          peerUrls: [peerUrl],
        })),
      },
    }),
    ...members.flatMap((other, place) =>
      other.isUp
        ? [
            fact(`status/${other.name}`, {
              case: "status",
              value: {
                memberId: BigInt(place + 1),
                clusterId: CLUSTER_ID,
                leaderId,
                raftTerm: 5n,
                version: other.version,
                own: other === member,
              },
            }),
          ]
        : [],
    ),
  ];
}

function runsOf(members: readonly ExampleMember[], index: number): readonly ProbeRunRecord[] {
  const isUp = members[index]!.isUp;
  const reads = ["serializable", "linearizable"].map((target) =>
    isUp ? ok("read", target) : failed("read", target, "refused"),
  );
  return [
    ...members.map(({ name, isUp: answers }) =>
      answers ? ok("status", name) : failed("status", name, "refused"),
    ),
    ...reads,
    ok("members", ""),
  ];
}

type FactInit = NonNullable<Parameters<typeof create<typeof FactSchema>>[1]>;

function fact(key: string, body: NonNullable<FactInit["body"]>): Fact {
  return create(FactSchema, { key, body });
}
