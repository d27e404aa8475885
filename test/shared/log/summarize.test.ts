import { describe, expect, it } from "vitest";
import { EXPLAINS_WITHIN_MS } from "../../../shared/log/find-causes.ts";
import type { LogSummary } from "../../../shared/log/summarize.ts";
import { summaryOf } from "./classify-file.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const BEGIN_MS = Date.UTC(2026, 10, 1, 3);

/** As 3.5.16 prints them. */
const SAID = {
  full: '"level":"fatal","caller":"backend/batch_tx.go:282","msg":"failed to commit tx","error":"write /d/member/snap/db: no space left on device"',
  served: '"level":"info","caller":"embed/serve.go:103","msg":"ready to serve client requests"',
  peer: '"level":"warn","caller":"rafthttp/probing_status.go:68","msg":"prober detected unhealthy status","error":"dial tcp 10.0.0.2:2380: i/o timeout"',
  refused:
    '"level":"warn","caller":"rafthttp/probing_status.go:68","msg":"prober detected unhealthy status","error":"dial tcp 10.0.0.2:2380: connect: connection refused"',
  inactive:
    '"level":"warn","caller":"rafthttp/peer_status.go:66","msg":"peer became inactive (message send to peer failed)","peer-id":"a1"',
  lost: '"level":"info","logger":"raft","caller":"etcdserver/zap_raft.go:77","msg":"raft.node: 6980da11ecf1225b lost leader a013a078ba1ce534 at term 3"',
  cert: '"level":"warn","caller":"embed/config_logging.go:170","msg":"rejected connection on client endpoint","error":"tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-24T15:58:06Z is after 2026-01-01T00:00:00Z"',
  quota:
    '"level":"warn","caller":"etcdserver/util.go:123","msg":"failed to apply request","error":"etcdserver: no space"',
} as const;

/** [what, milliseconds after the beginning, times, one a minute] */
type Row = readonly [keyof typeof SAID, number, number?];

function logOf(rows: readonly Row[]): LogSummary {
  const lines = rows.flatMap(([what, afterMs, times = 1]) =>
    Array.from({ length: times }, (_, index) => {
      const ts = new Date(BEGIN_MS + afterMs + index * MINUTE_MS).toISOString();
      return `{"ts":"${ts}",${SAID[what]}}`.replace(
        /\{"ts":"([^"]*)","level":"(\w+)",/,
        '{"level":"$2","ts":"$1",',
      );
    }),
  );
  return summaryOf(`${lines.join("\n")}\n`);
}

function causesOf(rows: readonly Row[]): string[] {
  return logOf(rows).causes.map(
    ({ code, isOver, explains }) =>
      `${code}${isOver ? " over" : ""}${explains.map((one) => ` >${one}`).join("")}`,
  );
}

describe("shared/log/summarize", () => {
  it("does not blame a fault that was over long before", () => {
    expect(
      causesOf([
        ["full", 0],
        ["served", HOUR_MS],
        ["peer", 23 * DAY_MS, 120],
      ]),
    ).toEqual(["PEER_LINK_DOWN", "DISK_FULL over"]);
  });

  it("explains what came with a fault, before etcd served again and shortly after", () => {
    const consequences: readonly Row[] = [
      ["peer", MINUTE_MS, 5],
      // An hour later nobody has said anything new: it is still down.
      ["peer", HOUR_MS, 2],
    ];
    expect(causesOf([["full", 0], ...consequences])).toEqual(["DISK_FULL >PEER_LINK_DOWN"]);
    expect(causesOf([["full", 0], ...consequences, ["served", 2 * HOUR_MS]])).toEqual([
      "DISK_FULL over >PEER_LINK_DOWN",
    ]);
    const soon = HOUR_MS + EXPLAINS_WITHIN_MS - 1000;
    expect(
      causesOf([
        ["full", 0],
        ["served", HOUR_MS],
        ["peer", soon],
      ]),
    ).toEqual(["DISK_FULL over >PEER_LINK_DOWN"]);
    expect(
      causesOf([
        ["full", 0],
        ["served", HOUR_MS],
        ["peer", soon + 2000],
      ]),
    ).toEqual(["PEER_LINK_DOWN", "DISK_FULL over"]);
  });

  it("explains nothing that was before", () => {
    expect(
      causesOf([
        ["peer", 0],
        ["full", DAY_MS],
      ]),
    ).toEqual(["DISK_FULL", "PEER_LINK_DOWN"]);
  });

  it("takes what etcd lived on with to last as long as it is said", () => {
    expect(
      causesOf([
        ["peer", 0, 3],
        ["lost", 2 * MINUTE_MS],
      ]),
    ).toEqual(["PEER_LINK_DOWN >LEADER_LOST"]);
    expect(
      causesOf([
        ["peer", 0, 3],
        ["lost", 5 * HOUR_MS],
      ]),
    ).toEqual(["PEER_LINK_DOWN", "LEADER_LOST"]);
  });

  it("tells the graver first, but not what was last heard of a day before the rest", () => {
    expect(
      causesOf([
        ["quota", 0],
        ["lost", HOUR_MS],
      ]),
    ).toEqual(["QUOTA_EXCEEDED", "LEADER_LOST"]);
    expect(
      causesOf([
        ["cert", 0],
        ["peer", 23 * DAY_MS],
      ]),
    ).toEqual(["PEER_LINK_DOWN", "CERT_EXPIRED"]);
    // An etcd that ended and did not come back is no old story.
    expect(
      causesOf([
        ["full", 0],
        ["quota", 23 * DAY_MS],
      ]),
    ).toEqual(["DISK_FULL", "QUOTA_EXCEEDED"]);
  });

  it("explains by codes alone where lines carry no time", () => {
    const text = "panic: x no space left on device\nfailed to reach the peerURL (dial tcp: i/o timeout)\n";
    expect(summaryOf(text).causes.map(({ code }) => code)).toEqual(["DISK_FULL"]);
  });

  it("shows how the newest episode began, how it was said last, and the newest other words between", () => {
    const { causes } = logOf([
      ["peer", 0, 100],
      ["peer", DAY_MS, 2],
      ["inactive", DAY_MS + 2 * MINUTE_MS],
      ["refused", DAY_MS + 3 * MINUTE_MS, 2],
    ]);
    expect(
      causes[0]?.evidence.map(
        ({ line, excerpt }) => `${line} ${/timeout|inactive|refused/.exec(excerpt)?.[0]}`,
      ),
    ).toEqual(["101 timeout", "103 inactive", "105 refused"]);
  });

  it("keeps the newest episodes, whatever the order in which they are read, and counts the others", () => {
    const old: readonly Row[] = Array.from({ length: 1000 }, (_, index) => ["peer", index * HOUR_MS]);
    const { timeline, timelineLeftOut, causes } = logOf([...old, ["quota", 2000 * HOUR_MS]]);
    expect(timeline.at(-1)?.code).toBe("QUOTA_EXCEEDED");
    expect(timeline.at(-2)?.fromMs).toBe(BEGIN_MS + 999 * HOUR_MS);
    expect(timeline.length + timelineLeftOut).toBe(1001);
    expect(causes.find(({ code }) => code === "PEER_LINK_DOWN")).toMatchObject({
      count: 1000,
      firstAtMs: BEGIN_MS,
      evidence: [{ line: 1000 }],
    });
    const backwards = logOf(old.toReversed());
    expect(backwards.timeline.at(-1)?.fromMs).toBe(BEGIN_MS + 999 * HOUR_MS);
    expect(backwards.timeline.length + backwards.timelineLeftOut).toBe(1000);
  });
});
