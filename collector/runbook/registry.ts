/** Every runbook, one line each, and which one a finding's code opens. */
import { backup } from "./books/backup.ts";
import { brokenDisk } from "./books/broken-disk.ts";
import { certificates } from "./books/certificates.ts";
import { clock } from "./books/clock.ts";
import { corruptMember } from "./books/corrupt-member.ts";
import { cpu } from "./books/cpu.ts";
import { diskFull } from "./books/disk-full.ts";
import { diskSlow } from "./books/disk-slow.ts";
import { dns } from "./books/dns.ts";
import { flags } from "./books/flags.ts";
import { fragmented } from "./books/fragmented.ts";
import { leaderFlapping } from "./books/leader-flapping.ts";
import { load } from "./books/load.ts";
import { lostData } from "./books/lost-data.ts";
import { memberDown } from "./books/member-down.ts";
import { memberHung } from "./books/member-hung.ts";
import { memberRemoved } from "./books/member-removed.ts";
import { membership } from "./books/membership.ts";
import { memory } from "./books/memory.ts";
import { noLeader } from "./books/no-leader.ts";
import { nodeUnreachable } from "./books/node-unreachable.ts";
import { observation } from "./books/observation.ts";
import { openFiles } from "./books/open-files.ts";
import { partition } from "./books/partition.ts";
import { permission } from "./books/permission.ts";
import { processStopped } from "./books/process-stopped.ts";
import { quorumAtRisk } from "./books/quorum-at-risk.ts";
import { quorumLost } from "./books/quorum-lost.ts";
import { quota } from "./books/quota.ts";
import { restore } from "./books/restore.ts";
import { slowNetwork } from "./books/slow-network.ts";
import { startConfig } from "./books/start-config.ts";
import { startFailed } from "./books/start-failed.ts";
import { versions } from "./books/versions.ts";
import type { Book } from "./step.ts";

export const BOOKS: readonly Book[] = [
  memberDown,
  memberHung,
  processStopped,
  memory,
  cpu,
  openFiles,
  permission,
  startConfig,
  startFailed,
  corruptMember,
  memberRemoved,
  quorumLost,
  quorumAtRisk,
  noLeader,
  leaderFlapping,
  membership,
  versions,
  diskFull,
  brokenDisk,
  quota,
  fragmented,
  diskSlow,
  backup,
  restore,
  partition,
  nodeUnreachable,
  dns,
  slowNetwork,
  clock,
  certificates,
  flags,
  load,
  observation,
  lostData,
];

const BY_CODE: ReadonlyMap<string, Book> = new Map(
  BOOKS.flatMap((book) => book.codes.map((code) => [code, book] as const)),
);

/** Sorted. */
export const RUNBOOK_CODES: readonly string[] = [...BY_CODE.keys()].sort();

/** DISK_FULL, disk_full and disk-full are the same code. */
export function normalizeCode(written: string): string {
  return written.toUpperCase().replaceAll("-", "_");
}

export function findBook(code: string): Book | undefined {
  return BY_CODE.get(code);
}
