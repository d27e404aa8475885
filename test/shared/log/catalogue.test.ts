import { describe, expect, it } from "vitest";
import { SIGNATURES } from "../../../shared/log/catalogue/catalogue.ts";
import { EXPLAINS } from "../../../shared/log/explains.ts";
import { findLogText } from "../../../shared/log/texts.ts";
import { codeOf, codesOf, severitiesOf } from "./classify-file.ts";

const CODES = new Set([...SIGNATURES.map(({ code }) => code), "ETCD_PANIC"]);

/** The guide's section 1.1, word by word, and what etcd prints for it; null where there is no log line to match. */
const GUIDE: readonly (readonly [string, string])[] = [
  ["connection refused", "MEMBER_DOWN"],
  ["etcd process exited", "PROCESS_EXITED"],
  ["dial tcp 127.0.0.1:2379: connect: connection refused", "MEMBER_DOWN"],
  ["member 8e9e05c52164694d has already been bootstrapped", "START_ALREADY_BOOTSTRAPPED"],
  ["wal: crc mismatch", "WAL_CRC_MISMATCH"],
  ["no leader", "NO_LEADER"],
  ["member 8e9e05c52164694d is unhealthy", "MEMBER_UNHEALTHY"],
  ["request sent was ignored", "CLUSTER_ID_MISMATCH"],
  ["election timeout elapsed", "LEADER_ELECTION"],
  ["cluster ID mismatch", "CLUSTER_ID_MISMATCH"],
  ["context deadline exceeded", "REQUEST_TIMEOUT"],
  ["disk operations took too long", "DISK_SLOW"],
  ["rafthttp: request cluster ID mismatch", "CLUSTER_ID_MISMATCH"],
  ["database space exceeded", "QUOTA_EXCEEDED"],
  ["mvcc: database space exceeded", "QUOTA_EXCEEDED"],
  ["inconsistent snapshot", "DATA_CORRUPT"],
  ["etcdserver: too many requests", "REQUEST_OVERLOAD"],
  ["compaction failed", "COMPACTION_FAILING"],
];

describe("shared/log/catalogue", () => {
  for (const { code, example, rate } of SIGNATURES) {
    it(`${code}: ${example.slice(0, 100)}`, () => {
      const lines = Array.from({ length: rate?.count ?? 1 }, () => example).join("\n");
      expect(codesOf(lines).at(-1)).toBe(code);
    });
  }

  for (const [symptom, code] of GUIDE) {
    it(`the guide's "${symptom}" is ${code}`, () => {
      expect(codeOf(symptom)).toBe(code);
    });
  }

  it("tells hashes that differ from those that could not be compared", () => {
    // 3.4.23, captured: rolling-restart (a restart beside a compaction, with the check at start), and data-corrupt.
    const said = (rest: string): string | null => codeOf(`2026-11-28 14:06:22.909088 ${rest}`);
    expect(
      said(
        "W | etcdserver: 4ec95c768dfb3a92 cannot check hash of peer(0): peer has a different compact revision 2768 (revision:3853)",
      ),
    ).toBeNull();
    expect(
      said(
        "E | etcdserver: 7519d0aa8541ae7b's hash 2598402832 != 0's hash 3295362364 (revision 62, peer revision 62, compact revision -1)",
      ),
    ).toBe("DATA_CORRUPT");
    expect(
      said(
        "W | etcdserver: hash 2598402832 at revision 62 from member 7519d0aa8541ae7b, expected hash 3295362364",
      ),
    ).toBe("DATA_CORRUPT");
  });

  it("the guide's slow requests are nothing once, and something by the minute", () => {
    const line = "took too long to execute";
    expect(codesOf(Array.from({ length: 20 }, () => line).join("\n"))).toEqual([
      ...Array.from({ length: 19 }, () => null),
      "SLOW_REQUESTS",
    ]);
  });

  it("takes what a leader says to each follower at once for one late heartbeat", () => {
    // 3.4.23, captured: healthy-hours; three more within the minute are too many.
    const late = (second: string): string =>
      [
        `2026-11-28 01:18:${second}.113194 W | etcdserver: failed to send out heartbeat on time (exceeded the 100ms timeout for 27.191637ms, to 847e358a3cc77c40)`,
        `2026-11-28 01:18:${second}.113223 W | etcdserver: server is likely overloaded`,
        `2026-11-28 01:18:${second}.113230 W | etcdserver: failed to send out heartbeat on time (exceeded the 100ms timeout for 27.236951ms, to 44deb5d229b4b062)`,
        `2026-11-28 01:18:${second}.113235 W | etcdserver: server is likely overloaded`,
      ].join("\n");
    expect(severitiesOf(late("22"))).toEqual(["info", "info", "info", "info"]);
    expect(new Set(severitiesOf(["22", "25", "30"].map(late).join("\n")))).toEqual(new Set(["info"]));
    expect(severitiesOf(["22", "25", "30", "40"].map(late).join("\n")).at(-1)).toBe("warning");
  });

  it("says every code in both languages, and what to do next", () => {
    for (const code of CODES) {
      const text = findLogText(code);
      expect(Object.values(text?.title ?? {}).filter(Boolean).length, code).toBe(2);
      expect(Object.values(text?.next ?? {}).filter(Boolean).length, code).toBe(2);
    }
  });

  it("explains known codes only, and no code by itself", () => {
    for (const [code, explained] of Object.entries(EXPLAINS)) {
      expect([code, ...explained].filter((one) => !CODES.has(one))).toEqual([]);
      expect(explained).not.toContain(code);
    }
  });
});
