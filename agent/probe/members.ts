/** The membership as the own member holds it, which needs no quorum. */
import { create } from "@bufbuild/protobuf";
import { FactSchema, MemberListFactSchema, MemberSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

/** Above the door's own limit of a call, so that the door's reason is the one that is told. */
const TIME_LIMIT_MS = 1_800;

export function createMembersProbe(): Probe {
  return { name: "members", cadence: "slow", timeLimitMs: TIME_LIMIT_MS, run: readMembers };
}

async function readMembers({ etcd, signal }: ProbeContext): Promise<Observation> {
  const { clusterId, members } = await etcd.memberList(signal);
  const fact = create(MemberListFactSchema, {
    clusterId,
    members: members.map(({ id, name, peerUrls, clientUrls, isLearner }) =>
      create(MemberSchema, { id, name, peerUrls: [...peerUrls], clientUrls: [...clientUrls], isLearner }),
    ),
  });
  return { facts: [create(FactSchema, { key: "member_list", body: { case: "memberList", value: fact } })] };
}
