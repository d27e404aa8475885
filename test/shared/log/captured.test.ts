/** Precision and recall over logs of real faults: the cause stands first, and no line says what did not happen. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { codesOf, LOG_FIXTURES, readFixture, severitiesOf, summaryOf } from "./classify-file.ts";

const PEER_AWAY = ["PEER_LINK_DOWN"];
const ELECTED = ["LEADER_LOST", "LEADER_CHANGED", "LEADER_ELECTION"];
/** Noted, not warned of: other work had the machine at that moment. */
const BUSY = ["HEARTBEATS_LATE"];
const TLS = [...PEER_AWAY, "CERT_REJECTED"];

/** Story → the cause to be told first (null: none), and what else is true of it. */
const STORIES: Readonly<
  Record<string, { readonly cause: string | null; readonly also?: readonly string[] }>
> = {
  boot: { cause: null },
  healthy: { cause: null },
  "large-ranges": { cause: null },
  "already-bootstrapped": { cause: "START_ALREADY_BOOTSTRAPPED", also: PEER_AWAY },
  "client-cert-expired": { cause: "CERT_EXPIRED" },
  "cluster-id": { cause: "CLUSTER_ID_MISMATCH", also: PEER_AWAY },
  "data-corrupt": { cause: "DATA_CORRUPT", also: PEER_AWAY },
  "db-corrupt": { cause: "START_DB_CORRUPT", also: PEER_AWAY },
  "disk-full": { cause: "DISK_FULL", also: PEER_AWAY },
  "follower-killed": { cause: "PEER_LINK_DOWN" },
  "isolated-leader": { cause: "PEER_LINK_DOWN", also: ["QUORUM_LOST", ...ELECTED] },
  "leader-killed": { cause: "PEER_LINK_DOWN", also: ELECTED },
  "leader-paused": { cause: "HEARTBEATS_LATE" },
  "healthy-hours": { cause: null, also: BUSY },
  "slow-disk": { cause: "DISK_SLOW", also: [...ELECTED, ...BUSY, "SLOW_REQUESTS"] },
  "oom-kill": { cause: "OOM_KILLED", also: [...PEER_AWAY, ...BUSY] },
  "member-removed": { cause: "MEMBER_REMOVED", also: [...PEER_AWAY, "RECONFIG_REFUSED"] },
  partition: { cause: "PEER_LINK_DOWN", also: ELECTED },
  "peer-cert-expired": { cause: "CERT_EXPIRED", also: TLS },
  "peer-cert-not-yet": { cause: "CERT_NOT_YET_VALID", also: [...TLS, "CERT_EXPIRED"] },
  "peer-san": { cause: "CERT_SAN_MISMATCH", also: TLS },
  "peer-wrong-ca": { cause: "CERT_UNTRUSTED", also: TLS },
  "port-probe": { cause: "TLS_PLAINTEXT", also: ["CLIENT_CERT_MISSING"] },
  "quorum-lost": {
    cause: "PEER_LINK_DOWN",
    also: ["QUORUM_LOST", "NO_LEADER", "SLOW_REQUESTS", "REQUEST_TIMEOUT", ...ELECTED],
  },
  "quota-exceeded": { cause: "QUOTA_EXCEEDED" },
  "server-cert-expired": { cause: "CERT_EXPIRED", also: TLS },
  "snap-db-missing": { cause: "SNAP_DB_MISSING", also: [...PEER_AWAY, "ETCD_PANIC"] },
  "wal-lost": { cause: "RAFT_LOG_LOST", also: PEER_AWAY },
};
/** Where the versions, or the two runs, differ. */
const DIFFERENT: Readonly<Record<string, (typeof STORIES)[string]>> = {
  // The flipped bytes broke the record's frame before its checksum.
  "3.4.23-plain/wal-corrupt": { cause: "START_WAL_CORRUPT", also: PEER_AWAY },
  "3.4.23-zap/wal-corrupt": { cause: "WAL_CRC_MISMATCH", also: PEER_AWAY },
  "3.5.16-zap/wal-corrupt": { cause: "WAL_CRC_MISMATCH", also: PEER_AWAY },
  // 3.4 refused the learner: the members had not been connected for long enough.
  "3.4.23-plain/learner-added": { cause: "RECONFIG_REFUSED" },
  "3.5.16-zap/learner-added": { cause: null },
  "3.4.23-plain/planned-restart": { cause: null },
  // Restarts and a leader that was moved, in order, with each shape of a line once: which comes first is as it fell.
  "3.4.23-plain/rolling-restart": { cause: "PEER_LINK_DOWN", also: [...ELECTED, ...BUSY] },
  "3.4.23-zap/rolling-restart": { cause: "PEER_LINK_DOWN", also: [...PEER_AWAY, ...ELECTED, ...BUSY] },
  "3.5.16-zap/rolling-restart": { cause: "LEADER_LOST", also: [...PEER_AWAY, ...ELECTED, ...BUSY] },
  "3.5.16-zap/planned-restart": { cause: "PEER_LINK_DOWN", also: ELECTED },
};

const FILES = readdirSync(LOG_FIXTURES).flatMap((kind) =>
  readdirSync(join(LOG_FIXTURES, kind)).map((name) => `${kind}/${name}`),
);

describe("shared/log over captured logs", () => {
  for (const file of FILES.filter((name) => !name.endsWith("start-failures.log"))) {
    const name = file.replace(".log", "");
    const expected = DIFFERENT[name] ?? STORIES[name.split("/")[1] ?? ""];
    it(`${name}: ${expected?.cause ?? "nothing"}`, () => {
      const text = readFixture(file);
      const summary = summaryOf(text);
      expect(expected, "an expectation").toBeDefined();
      const codes = new Set(codesOf(text).filter((code) => code !== null));
      const expectedCodes = [expected?.cause, ...(expected?.also ?? [])];
      expect([...codes].filter((code) => !expectedCodes.includes(code))).toEqual([]);
      expect([summary.causes[0]?.code ?? null]).toEqual([expected?.cause ?? null]);
    });
  }

  it("there are captures of each version and format", () => {
    expect(existsSync(join(LOG_FIXTURES, "3.4.23-plain")) && FILES.length > 60).toBe(true);
  });

  it("finds the cause of every fault first, and says nothing that did not happen", () => {
    let [stories, found, lines, right] = [0, 0, 0, 0];
    for (const file of FILES.filter((name) => !name.endsWith("start-failures.log"))) {
      const name = file.replace(".log", "");
      const expected = DIFFERENT[name] ?? STORIES[name.split("/")[1] ?? ""];
      const known = [expected?.cause, ...(expected?.also ?? [])];
      const text = readFixture(file);
      const codes = codesOf(text).filter((code) => code !== null);
      lines += codes.length;
      right += codes.filter((code) => known.includes(code)).length;
      if (expected !== undefined && expected.cause !== null) {
        stories += 1;
        found += summaryOf(text).causes[0]?.code === expected.cause ? 1 : 0;
      }
    }
    const [precision, recall] = [right / lines, found / stories];
    process.stdout.write(
      `log signatures: precision ${precision} (${right} of ${lines} lines), recall ${recall} (${found} of ${stories} faults)\n`,
    );
    expect([precision, recall]).toEqual([1, 1]);
  });

  for (const kind of ["3.4.23-plain", "3.4.23-zap", "3.5.16-zap"]) {
    it(`${kind}: warns of nothing in what healthy clusters print by the hour`, () => {
      expect(severitiesOf(readFixture(`${kind}/healthy-hours.log`)).filter((one) => one !== "info")).toEqual(
        [],
      );
    });

    it(`${kind}: tells start failures apart`, () => {
      const codes = codesOf(readFixture(`${kind}/start-failures.log`)).filter((code) => code !== null);
      expect(codes.filter((code, at) => code !== codes[at - 1])).toEqual([
        "START_CONFIG_INVALID",
        "START_PORT_IN_USE",
        "START_DATA_DIR_PERMISSION",
        "START_CERT_UNREADABLE",
        "CERT_KEY_MISMATCH",
        "START_BIND_ADDRESS",
        "START_CONFIG_INVALID",
      ]);
    });
  }
});
