/** What a story of test/lab/log-stories.ts is made of: the patient, and the small things that are done to it. */
import { closeSync, openSync, readdirSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { EtcdBinaries } from "./etcd-binaries.ts";
import type { EtcdCluster } from "./etcd-cluster.ts";
import type { EtcdMember, Flags } from "./etcd-member.ts";
import type { Network } from "./network.ts";
import { waitFor } from "./wait-for.ts";

export interface Patient {
  readonly etcd: EtcdCluster;
  readonly network: Network | undefined;
  readonly dir: string;
  readonly binaries: EtcdBinaries;
  /** Waits until a member's log, from where the story began, holds the text. False after the time. */
  readonly until: (member: EtcdMember, text: string | RegExp, timeoutMs?: number) => Promise<boolean>;
}

export interface Story {
  readonly flags?: Flags;
  readonly namespaces?: boolean;
  readonly smallDisk?: string;
  readonly run: (patient: Patient) => Promise<void>;
}

export async function follower(etcd: EtcdCluster): Promise<EtcdMember> {
  const [found] = await etcd.followers();
  if (found === undefined) {
    throw new Error("No follower");
  }
  return found;
}

export async function leader(etcd: EtcdCluster): Promise<EtcdMember> {
  await waitFor("a leader", async () => (await etcd.leader()) !== undefined, { timeoutMs: 30_000 });
  return (await etcd.leader()) ?? (await follower(etcd));
}

export function flip(path: string, offset: number, count: number): void {
  const file = openSync(path, "r+");
  const bytes = Buffer.alloc(count);
  readSync(file, bytes, 0, count, offset);
  writeSync(
    file,
    bytes.map((byte) => byte ^ 0xff),
    0,
    count,
    offset,
  );
  closeSync(file);
}

export function walOf(member: EtcdMember): string {
  const dir = join(member.dataDir, "member/wal");
  return join(dir, readdirSync(dir).find((name) => name.endsWith(".wal")) ?? "");
}

export async function putMany(etcd: EtcdCluster, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await etcd.put(`key-${index}`, `value-${index}`);
  }
}

export async function reissue(
  { etcd }: Patient,
  member: EtcdMember,
  change: Parameters<typeof etcd.pki.reissueMember>,
): Promise<void> {
  await etcd.pki.reissueMember(...change);
  await member.restart();
}
