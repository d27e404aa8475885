/** What `npm run demo -- --break NAME` can break: how, what must be found, and how it is healed. */

import type { ClusterState } from "../../shared/rest.ts";
import type { Disk } from "./disk.ts";
import type { EtcdCluster } from "./etcd-cluster.ts";
import type { EtcdMember } from "./etcd-member.ts";
import { findActive } from "./stack.ts";

export const DEMO_FAULTS = ["crash", "hang", "majority", "disk-full", "expired-cert"] as const;

export type DemoFaultName = (typeof DEMO_FAULTS)[number];

export interface DemoPatient {
  readonly etcd: EtcdCluster;
  /** The member whose data has a small filesystem of its own, or why none has. */
  readonly disk: { readonly member: string; readonly disk: Disk } | { readonly because: string };
}

/** A fault that is ready to happen. */
export interface DemoFault {
  /** What is done, as a sentence for people. */
  readonly story: string;
  /** Codes that are expected, each on this member (or any subject when no name is given). */
  readonly expected: readonly { readonly code: string; readonly on: string | undefined }[];
  /** How the end of it is recognised, beside the findings' being resolved and the verdict's being healthy. */
  readonly healing: string;
  break(): Promise<void>;
  heal(): Promise<void>;
}

export function isDemoFaultName(name: string): name is DemoFaultName {
  return (DEMO_FAULTS as readonly string[]).includes(name);
}

export function isFound(state: ClusterState, fault: DemoFault): boolean {
  return fault.expected.every(({ code, on }) => findActive(state, code, on) !== undefined);
}

async function pickFollower(etcd: EtcdCluster): Promise<EtcdMember> {
  const [follower] = await etcd.followers();
  if (!follower) {
    throw new Error("No follower is running");
  }
  return follower;
}

async function prepareCrash({ etcd }: DemoPatient): Promise<DemoFault> {
  const member = await pickFollower(etcd);
  return {
    story: `kill -9 ${member.pid}: the etcd process of ${member.name} dies`,
    expected: [{ code: "MEMBER_DOWN", on: member.name }],
    healing: `etcd of ${member.name} is started again`,
    break: async () => await member.kill("SIGKILL"),
    heal: async () => await member.start(),
  };
}

async function prepareHang({ etcd }: DemoPatient): Promise<DemoFault> {
  const member = await pickFollower(etcd);
  return {
    story: `kill -STOP ${member.pid}: the etcd process of ${member.name} hangs, its ports still accept`,
    expected: [{ code: "PROCESS_STOPPED", on: member.name }],
    healing: `kill -CONT ${member.pid}`,
    break: async () => await Promise.resolve(member.stop()),
    heal: async () => await Promise.resolve(member.cont()),
  };
}

async function prepareMajority({ etcd }: DemoPatient): Promise<DemoFault> {
  const leader = await etcd.leader();
  const follower = await pickFollower(etcd);
  const victims = leader ? [leader, follower] : [follower];
  const names = victims.map(({ name }) => name).join(" and ");
  return {
    story: `kill -9 ${victims.map(({ pid }) => pid).join(" ")}: etcd dies on ${names}, no majority is left`,
    expected: [
      { code: "QUORUM_LOST", on: undefined },
      ...victims.map(({ name }) => ({ code: "MEMBER_DOWN", on: name })),
    ],
    healing: `etcd of ${names} is started again`,
    break: async () => void (await Promise.all(victims.map((member) => member.kill("SIGKILL")))),
    heal: async () => void (await Promise.all(victims.map((member) => member.start()))),
  };
}

/** etcd may have died of the full disk by the time it is healed, so it is started if it is not there. */
async function prepareDiskFull({ etcd, disk: place }: DemoPatient): Promise<DemoFault> {
  if ("because" in place) {
    throw new Error(`disk-full is not possible here: ${place.because}`);
  }
  const { disk } = place;
  const member = etcd.member(place.member);
  return await Promise.resolve({
    story: `the filesystem of ${member.name}'s data is filled to its last block (${disk.mountPoint})`,
    expected: [{ code: "DISK_FULL", on: member.name }],
    healing: `the space on ${member.name} is freed`,
    break: async () => await disk.fill(),
    heal: async () => {
      disk.free();
      await member.start();
    },
  });
}

async function prepareExpiredCert({ etcd }: DemoPatient): Promise<DemoFault> {
  const member = await pickFollower(etcd);
  const certificate = `${member.certDir}/peer.crt`;
  return {
    story: `${certificate} of ${member.name} is replaced by one that has expired; etcd runs on, until its next start`,
    expected: [{ code: "CERT_EXPIRED", on: member.name }],
    healing: `${member.name} gets a valid certificate`,
    break: async () => {
      const longAgo = { notBefore: new Date("2025-01-01"), notAfter: new Date("2026-01-01") };
      await etcd.pki.reissueMember(member.identity, "peer", longAgo);
    },
    heal: async () => await etcd.pki.reissueMember(member.identity, "peer"),
  };
}

const PREPARE = {
  crash: prepareCrash,
  hang: prepareHang,
  majority: prepareMajority,
  "disk-full": prepareDiskFull,
  "expired-cert": prepareExpiredCert,
} as const satisfies Record<DemoFaultName, (patient: DemoPatient) => Promise<DemoFault>>;

/** Chooses the victims among the members as they are now. */
export async function prepareFault(name: DemoFaultName, patient: DemoPatient): Promise<DemoFault> {
  return await PREPARE[name](patient);
}
