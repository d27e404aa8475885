import { describe, expect, it } from "vitest";
import { createLineSplitter, MAX_LINE_BYTES } from "../../../shared/log/split-lines.ts";
import { parseLineTimeMs } from "../../../shared/log/parse-line-time.ts";
import { redactExcerpt } from "../../../shared/log/redact-excerpt.ts";
import { codeOf, codesOf, NOW_MS } from "./classify-file.ts";

/** 3.5.16 and 3.4.23, captured: disk-full and cluster-id. */
const ZAP =
  '{"level":"fatal","ts":"2026-11-24T15:55:43.414693Z","caller":"backend/batch_tx.go:282","msg":"failed to commit tx","error":"write /var/lib/etcd/member/snap/db: no space left on device"}';
const PLAIN =
  "2026-11-24 16:02:20.196164 E | rafthttp: request cluster ID mismatch (got a6777ca193131fdd want 2332b278f8e62496)";

const WRAPPINGS: Readonly<Record<string, (line: string) => string>> = {
  nothing: (line) => line,
  CRI: (line) => `2026-11-24T15:55:43.414812345Z stderr F ${line}`,
  "docker's JSON": (line) =>
    JSON.stringify({ log: `${line}\n`, stream: "stderr", time: "2026-11-24T15:55:43.41Z" }),
  "journald, short": (line) => `Nov 24 15:55:43 node-1 etcd[812]: ${line}`,
  "journald, ISO": (line) => `2026-11-24T15:55:43+0000 node-1 etcd[812]: ${line}`,
  "journald, JSON": (line) =>
    JSON.stringify({ __REALTIME_TIMESTAMP: "1795622143414693", SYSLOG_IDENTIFIER: "etcd", MESSAGE: line }),
  "journald, JSON with bytes": (line) =>
    JSON.stringify({ SYSLOG_IDENTIFIER: "etcd", MESSAGE: [...Buffer.from(line)] }),
  "journald, export": (line) => `MESSAGE=${line}`,
  "kubectl's prefix": (line) => `[pod/etcd-m1/etcd] ${line}`,
  "kubectl's timestamps": (line) => `2026-11-24T15:55:43.414812345Z ${line}`,
  colours: (line) => `\u001b[31m${line}\u001b[0m`,
  "a quoted mail": (line) => `> > ${line}`,
  "a leading quote": (line) => `"${line}`,
  "grep's file and line": (line) => `etcd.log:17:${line}`,
  "a carriage return": (line) => `${line}\r`,
  "colours in CRI": (line) => `2026-11-24T15:55:43.4Z stdout F \u001b[1m${line}\u001b[0m`,
};

describe("shared/log/parse-line", () => {
  for (const [name, wrap] of Object.entries(WRAPPINGS)) {
    it(`reads etcd's lines in ${name}`, () => {
      expect([codeOf(wrap(ZAP)), codeOf(wrap(PLAIN))]).toEqual(["DISK_FULL", "CLUSTER_ID_MISMATCH"]);
    });
  }

  it("reads a line that was cut off after its reason began", () => {
    expect(codeOf(ZAP.slice(0, ZAP.indexOf("device") + 6))).toBe("DISK_FULL");
  });

  it("reads JSON that was copied with escaped quotes", () => {
    expect(codeOf(`"${ZAP.replaceAll('"', '\\"')}"`)).toBe("DISK_FULL");
  });

  it("reads messages that journald stripped of their prefix", () => {
    const line =
      "Nov 24 15:55:43 m1 etcd[812]: request sent was ignored (cluster ID mismatch: peer[1]=2, local=3)";
    expect(codeOf(line)).toBe("CLUSTER_ID_MISMATCH");
  });

  it("reads zap's console form", () => {
    const line = '2026-11-24T15:55:43.414Z\tWARN\twal/wal.go:805\tslow fdatasync\t{"took":"1.2s"}';
    expect(codeOf(line)).toBe("DISK_SLOW");
  });

  it("lets other programs' lines pass", () => {
    const others = [
      "Nov 24 15:55:43 m1 rsyslogd[99]: action 'x' write error: No space left on device",
      "Nov 24 15:55:43 m1 nginx[7]: bind() to 0.0.0.0:80 failed (98: Address already in use)",
      "I1124 15:55:43.000000       1 controller.go:129] OpenAPI AggregationController: action for item v1beta1",
      '{"level":"error","ts":1795622143.4,"logger":"controller","msg":"disk: no space left on device"}',
      '127.0.0.1 - - [24/Nov/2026:15:55:43 +0000] "GET / HTTP/1.1" 200 12',
      "Traceback (most recent call last):",
      "open /etc/foo.conf: permission denied",
      "",
    ];
    expect(codesOf(`${others.join("\n")}\n`)).toEqual(others.map(() => null));
  });

  it("hears what systemd and the kernel say of etcd, and of nothing else", () => {
    const lines = [
      "Nov 24 15:55:43 m1 systemd[1]: etcd.service: Main process exited, code=exited, status=1/FAILURE",
      "Nov 24 15:55:43 m1 systemd[1]: etcd.service: Main process exited, code=exited, status=0/SUCCESS",
      "Nov 24 15:55:43 m1 systemd[1]: nginx.service: Main process exited, code=exited, status=1/FAILURE",
      "Nov 24 15:55:43 m1 kernel: Out of memory: Killed process 812 (etcd) total-vm:1kB",
      "Nov 24 15:55:43 m1 kernel: Out of memory: Killed process 813 (java) total-vm:1kB",
    ];
    expect(codesOf(lines.join("\n"))).toEqual(["PROCESS_EXITED", null, null, "OOM_KILLED", null]);
  });

  it("takes elections for benign while etcd starts, not later", () => {
    const boot =
      '{"level":"info","ts":"2026-11-24T15:00:00.000Z","caller":"embed/etcd.go:308","msg":"starting an etcd server"}';
    const election = (time: string): string =>
      `{"level":"info","ts":"2026-11-24T${time}Z","logger":"raft","caller":"etcdserver/zap_raft.go:77","msg":"1a is starting a new election at term 2"}`;
    expect(codesOf([boot, election("15:00:01.000"), election("15:10:00.000")].join("\n"))).toEqual([
      null,
      null,
      "LEADER_ELECTION",
    ]);
  });
});

describe("shared/log/split-lines", () => {
  it("gives the same lines however the bytes are cut", () => {
    const text = `${ZAP}\n\r\nzwei 中文\r\n${PLAIN}`;
    for (const size of [1, 7, 64, 100_000]) {
      const lines: string[] = [];
      const splitter = createLineSplitter((line) => lines.push(Buffer.from(line, "latin1").toString()));
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += size) {
        splitter.push(bytes.subarray(at, at + size));
      }
      splitter.end();
      expect(lines).toEqual([ZAP, "", "zwei 中文", PLAIN]);
    }
  });

  it("keeps no more than its limit of a line that never ends", () => {
    const lengths: number[] = [];
    const splitter = createLineSplitter((line) => lengths.push(line.length));
    for (let block = 0; block < 100; block += 1) {
      splitter.push(Buffer.alloc(64 * 1024, 120));
    }
    splitter.push(Buffer.from(`\n${PLAIN}\n`));
    splitter.end();
    expect(lengths).toEqual([MAX_LINE_BYTES, PLAIN.length]);
  });
});

describe("shared/log/parse-line-time", () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["2026-11-24T15:55:43.414693Z", "2026-11-24T15:55:43.414Z"],
    ["2026-11-24T23:55:43.414+0800", "2026-11-24T15:55:43.414Z"],
    ["2026-11-24T15:55:43.414812345+00:00", "2026-11-24T15:55:43.414Z"],
    ["2026-11-24 16:02:20.196164", "2026-11-24T16:02:20.196Z"],
    ["2026/11/24 16:02:20", "2026-11-24T16:02:20.000Z"],
    ["Nov 24 15:55:43", "2026-11-24T15:55:43.000Z"],
    ["Dec 31 23:59:59", "2025-12-31T23:59:59.000Z"],
    ["1795622143414693", "2026-11-25T15:55:43.414Z"],
    ["yesterday", undefined],
  ];
  for (const [text, expected] of cases) {
    it(text, () => {
      const atMs = parseLineTimeMs(text, NOW_MS);
      expect(atMs === undefined ? undefined : new Date(atMs).toISOString()).toBe(expected);
    });
  }
});

describe("shared/log/redact-excerpt", () => {
  it("leaves out keys, values and credentials", () => {
    const lines = [
      '{"level":"warn","msg":"apply request took too long","took":"1s","request":"key:\\"/registry/secrets/top\\" ","response":"size:5"}',
      'W | etcdserver: read-only range request "key:\\"/registry/secrets/top\\" " with result "range_response_count:1" took too long (2s) to execute',
      "connect to https://root:top@10.0.0.1:2379 password=top",
    ];
    for (const line of lines) {
      expect(redactExcerpt(line)).toContain("[redacted]");
      expect(redactExcerpt(line)).not.toContain('top\\"');
      expect(redactExcerpt(line)).not.toMatch(/secrets\/top|root:top|password=top/);
    }
  });

  it("is bounded, and holds nothing that a terminal acts on", () => {
    const excerpt = redactExcerpt(`\u001b]0;x\u0007${"y".repeat(10_000)}`);
    expect(excerpt.length).toBe(500);
    expect(excerpt).not.toMatch(/\p{Cc}/u);
  });
});
