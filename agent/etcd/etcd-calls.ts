/**
 * The few gRPC calls of etcd that the agent makes: their paths, their requests (the same every time) and their answers. None
 * adds to etcd's log: that excludes Alarm, whose GET goes through raft like a write.
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { EtcdscopeError } from "../../shared/errors.ts";
import {
  HashKVRequestSchema,
  HashKVResponseSchema,
  MemberListRequestSchema,
  MemberListResponseSchema,
  RangeRequestSchema,
  StatusResponseSchema,
} from "../../shared/gen/etcd/rpc_pb.js";
import type { EtcdHash, EtcdMember, EtcdStatus } from "./etcd-door.ts";
import { encodeGrpcFrame } from "./grpc-frame.ts";

/** The key that etcdctl asks for in its health check. It need not exist, and nothing of it is sent back. */
const READ_KEY = new TextEncoder().encode("health");

const EMPTY_FRAME = encodeGrpcFrame(new Uint8Array());

export interface EtcdCall {
  readonly path: string;
  readonly frame: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export const STATUS_CALL: EtcdCall = { path: "/etcdserverpb.Maintenance/Status", frame: EMPTY_FRAME };

/** As this member holds it, which needs no quorum. */
export const MEMBER_LIST_CALL: EtcdCall = {
  path: "/etcdserverpb.Cluster/MemberList",
  frame: encodeGrpcFrame(toBinary(MemberListRequestSchema, create(MemberListRequestSchema))),
};

export const READ_CALLS: Readonly<Record<"serializable" | "linearizable", EtcdCall>> = {
  serializable: { path: "/etcdserverpb.KV/Range", frame: encodeRead(true) },
  linearizable: {
    path: "/etcdserverpb.KV/Range",
    frame: encodeRead(false),
    // What clientv3.WithRequireLeader sends: a member without a leader says so at once instead of waiting.
    headers: { hasleader: "true" },
  },
};

function encodeRead(serializable: boolean): Buffer {
  const request = create(RangeRequestSchema, { key: READ_KEY, limit: 1n, countOnly: true, serializable });
  return encodeGrpcFrame(toBinary(RangeRequestSchema, request));
}

export function hashKvCall(revision: bigint): EtcdCall {
  const request = create(HashKVRequestSchema, { revision });
  return {
    path: "/etcdserverpb.Maintenance/HashKV",
    frame: encodeGrpcFrame(toBinary(HashKVRequestSchema, request)),
  };
}

export function parseHashKv(bytes: Uint8Array): EtcdHash {
  const answer = decode(() => fromBinary(HashKVResponseSchema, bytes));
  return {
    memberId: answer.header?.memberId ?? 0n,
    hash: answer.hash,
    compactRevision: answer.compactRevision,
  };
}

export function parseStatus(bytes: Uint8Array, endpoint: string): EtcdStatus {
  const answer = decode(() => fromBinary(StatusResponseSchema, bytes));
  return {
    memberId: answer.header?.memberId ?? 0n,
    clusterId: answer.header?.clusterId ?? 0n,
    leaderId: answer.leader,
    raftTerm: answer.raftTerm,
    revision: answer.header?.revision ?? 0n,
    raftIndex: answer.raftIndex,
    raftAppliedIndex: answer.raftAppliedIndex,
    dbSizeBytes: answer.dbSize,
    dbSizeInUseBytes: answer.dbSizeInUse,
    version: answer.version,
    isLearner: answer.isLearner,
    // Their order changes from call to call.
    errors: answer.errors.length === 0 ? [] : answer.errors.map((text) => text.trim()).sort(),
    endpoint,
    storageVersion: answer.storageVersion,
    dbQuotaBytes: answer.dbSizeQuota,
    downgradeTarget: answer.downgradeInfo?.enabled === true ? answer.downgradeInfo.targetVersion : undefined,
  };
}

export function parseMemberList(bytes: Uint8Array): {
  readonly clusterId: bigint;
  readonly members: readonly EtcdMember[];
} {
  const answer = decode(() => fromBinary(MemberListResponseSchema, bytes));
  const members = answer.members.map((member) => ({
    id: member.ID,
    name: member.name,
    peerUrls: [...member.peerURLs].sort(),
    clientUrls: [...member.clientURLs].sort(),
    isLearner: member.isLearner,
  }));
  members.sort((one, other) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0));
  return { clusterId: answer.header?.clusterId ?? 0n, members };
}

function decode<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new EtcdscopeError("PROTOCOL_ERROR", `Expected a message of etcd: ${detail}`, {
      cause,
      reason: "protocol",
    });
  }
}
