/** A door to etcd that answers what a test puts into it. */
import type { EtcdDoor, EtcdMember, EtcdStatus } from "../../../agent/etcd/etcd-door.ts";

export function memberNamed(name: string, id: bigint, ip = `10.0.0.${id}`): EtcdMember {
  return { id, name, peerUrls: [`https://${ip}:2380`], clientUrls: [`https://${ip}:2379`], isLearner: false };
}

export const HEALTHY_STATUS: EtcdStatus = {
  memberId: 1n,
  clusterId: 77n,
  leaderId: 2n,
  raftTerm: 5n,
  revision: 50n,
  raftIndex: 100n,
  raftAppliedIndex: 99n,
  dbSizeBytes: 20_480n,
  dbSizeInUseBytes: 16_384n,
  version: "3.4.23",
  isLearner: false,
  errors: [],
  endpoint: "10.0.0.1:2379",
  storageVersion: "",
  dbQuotaBytes: 0n,
  downgradeTarget: undefined,
};

/** m1 is the own member, m2 and m3 the others. */
export function fakeEtcd(changed: Partial<EtcdDoor> = {}): EtcdDoor {
  return {
    otherMembers: () => [memberNamed("m2", 2n), memberNamed("m3", 3n)],
    ownMemberId: () => 1n,
    ownVersion: () => "",
    findLook: () => undefined,
    findServed: () => undefined,
    lookAtOwnPeerPort: () => Promise.resolve(),
    isLate: () => false,
    ownStatus: () => Promise.resolve(HEALTHY_STATUS),
    memberStatus: () => Promise.resolve(HEALTHY_STATUS),
    statusSettled: () => Promise.resolve(),
    peerVersion: () => Promise.resolve("{}"),
    peerLargeLook: () => Promise.reject(new Error("Nobody answers")),
    read: () => Promise.resolve(),
    memberList: () => Promise.resolve({ clusterId: 77n, members: [] }),
    hashKv: () => Promise.resolve({ memberId: 1n, hash: 7, compactRevision: -1n }),
    isOwnFailing: () => false,
    healthBody: () => Promise.reject(new Error("Nobody answers")),
    metricsBody: () => Promise.resolve(Buffer.alloc(0)),
    ...changed,
  };
}
