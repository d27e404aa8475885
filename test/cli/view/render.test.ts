import { describe, expect, it } from "vitest";
import { renderFindings } from "../../../cli/view/render-findings.ts";
import { formatValue, renderSeries, sparkline } from "../../../cli/view/render-series.ts";
import { renderStatus } from "../../../cli/view/render-status.ts";
import { textWidth } from "../../../cli/view/text-width.ts";
import type { SeriesAnswer } from "../../../shared/rest.ts";
import {
  AT_RISK,
  BLIND_SPOT,
  DISK_FULL,
  HEALTHY,
  MEMBER_DOWN,
  NOW_MS,
} from "../../collector/api/example-source.ts";
import { createPlainTerminal } from "../plain-terminal.ts";

describe("cli/view/render-status", () => {
  it("tells an operator at 03:16 what is wrong, what is not, and what not to do", () => {
    expect(renderStatus(AT_RISK, createPlainTerminal())).toBe(
      `prod-a   AT RISK   2 of 3 voters serve: the next failure stops all writes
  cause    Disk full on m3. /var/lib/etcd has 0 B of 20 GiB free   03:12:09Z, 4
           min ago
  effect   etcd of m3 is down. No process since 03:12:21   03:12:21Z, 3 min ago
  not      lost packets (m1 and m2 reach m3 in 0.4 ms),
           expired certificate (valid 212 days)
  now      free space on m3, outside of etcd's member directory; start etcd if
           it has exited
  now      etcdscope runbook DISK_FULL --cluster prod-a --member m3
  now      etcdscope findings --active --cluster prod-a   (evidence of all 2)
  do not   stop m1 or m2: the quorum of 2 would be lost

  MEMBER  ROLE      STATE    VERSION  DB (IN USE)     APPLIED  AGENT
  m1      follower  serving  3.5.30   20 MiB (9 MiB)  1280042  online
  m2      leader    serving  3.5.30   20 MiB (9 MiB)  1280042  online
  m3      -         down     3.5.30   -               -        online
`.replaceAll(/ +$/gm, ""),
    );
  });

  it("says it in Chinese with every column in its place", () => {
    const text = renderStatus(AT_RISK, createPlainTerminal({ language: "zh" }));
    expect(text).toContain("prod-a   有风险   3 个投票成员中有 2 个可用");
    expect(text).toContain("原因     m3 磁盘已满。");
    const rows = text.split("\n").slice(-5, -1);
    const agentColumn = (row: string): number => textWidth(row.slice(0, row.search(/代理|在线/)));
    expect(new Set(rows.map(agentColumn)).size).toBe(1);
  });

  it("stays within the columns that there are", () => {
    for (const language of ["en", "zh"] as const) {
      for (const columns of [72, 80, 100]) {
        const lines = renderStatus(AT_RISK, createPlainTerminal({ language, columns })).split("\n");
        expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(columns);
      }
    }
  });

  it("names the member for the steps also where the finding is the node's", () => {
    const members = AT_RISK.members.map((one) => (one.name === "m3" ? { ...one, node: "host-c" } : one));
    const f = (node: string): string =>
      renderStatus(
        { ...AT_RISK, members, findings: [{ ...DISK_FULL, subject: { kind: "node", name: node } }] },
        createPlainTerminal(),
      );
    expect(f("host-c")).toContain("etcdscope runbook DISK_FULL --cluster prod-a --member m3\n");
    expect(f("host-x")).toContain("etcdscope runbook DISK_FULL --cluster prod-a\n");
  });

  it("has nothing to add to a cluster that is well", () => {
    const lines = renderStatus(HEALTHY, createPlainTerminal()).split("\n");
    expect(lines[0]).toBe("prod-b   HEALTHY   All 3 voters serve");
    expect(lines[1]).toBe("");
    expect(lines).toHaveLength(7);
  });

  it("names the subject where the title does not, and says nothing twice", () => {
    const title = { en: "The disk is full", zh: "磁盘已满" };
    const echo = { ...MEMBER_DOWN, id: "f-echo", detail: AT_RISK.headline };
    const state = { ...AT_RISK, findings: [{ ...DISK_FULL, title }, echo] };
    const text = renderStatus(state, createPlainTerminal());
    expect(text).toContain("  cause    m3  The disk is full. ");
    expect(text).not.toContain("  effect ");
  });

  it("does not repeat the headline as an effect, nor the cluster's name as if it were a member", () => {
    const cluster = { kind: "cluster", name: "prod-a" } as const;
    const atRisk = { ...MEMBER_DOWN, id: "f-risk", code: "QUORUM_AT_RISK", subject: cluster };
    const parted = { ...MEMBER_DOWN, id: "f-parted", code: "PARTITION", subject: cluster };
    const title = { en: "Two groups", zh: "两个组" };
    const state = { ...AT_RISK, findings: [DISK_FULL, atRisk, { ...parted, title }] };
    const text = renderStatus(state, createPlainTerminal());
    expect(text.match(/ {2}effect /g)).toHaveLength(1);
    expect(text).toContain("  effect   Two groups. ");
  });

  it("tells the links that are down in one line", () => {
    const links = ["m1", "m2"].map((name) => ({
      ...MEMBER_DOWN,
      id: `f-${name}`,
      code: "PEER_LINK_DOWN",
      subject: { kind: "link", name, peer: "m3" } as const,
    }));
    const text = renderStatus({ ...AT_RISK, findings: [DISK_FULL, ...links] }, createPlainTerminal());
    expect(text).toContain("  effect   2 peer links are down: m1 → m3, m2 → m3\n");
  });

  it("gives the date of what began on another day, and says when it was seen last where that is past", () => {
    const old = { ...DISK_FULL, since: "2026-11-20T03:12:09.000Z", lastSeen: "2026-11-22T03:15:50.000Z" };
    const text = renderStatus(
      { ...AT_RISK, at: "2026-11-22T03:16:00.000Z", findings: [old] },
      createPlainTerminal({ columns: 120 }),
    );
    expect(text).toContain("   2026-11-20, 2 d ago, last seen 10 s ago\n");
  });

  it("warns of what cannot be undone when the quorum is lost", () => {
    const state = {
      ...AT_RISK,
      verdict: "quorum-lost",
      quorum: { ...AT_RISK.quorum, tolerance: -1 },
    } as const;
    const text = renderStatus(state, createPlainTerminal());
    expect(text).toContain("  do not   delete a data directory or use --force-new-cluster");
    expect(text).not.toContain("do not   stop");
  });

  it("says what nobody can see", () => {
    const state = { ...HEALTHY, coverage: { score: 0.66, blindSpots: [BLIND_SPOT] } };
    expect(renderStatus(state, createPlainTerminal())).toContain("  unseen   no agent on m3's node\n");
  });
});

describe("cli/view/render-findings", () => {
  it("gives the cause first, then its effect, each with evidence", () => {
    const view = { cluster: "prod-a", findings: [MEMBER_DOWN, DISK_FULL], nowMs: NOW_MS };
    expect(renderFindings(view, createPlainTerminal())).toBe(`prod-a   2 findings

  CRITICAL  DISK_FULL  m3   root cause
    Disk full on m3
    /var/lib/etcd has 0 B of 20 GiB free
    since  2026-11-22T03:12:09.000Z (4 min ago)
    evidence  m3 statfs 03:16:00Z: 0 B available to etcd
    explains  MEMBER_DOWN m3
    ruled out  PACKET_LOSS: m1 and m2 reach m3 in 0.4 ms
    ruled out  CERT_EXPIRED: valid 212 days

  CRITICAL  MEMBER_DOWN  m3
    etcd of m3 is down
    no process since 03:12:21
    since  2026-11-22T03:12:21.000Z (3 min ago)
    caused by  DISK_FULL m3
`);
  });

  it("says that nothing was found", () => {
    expect(renderFindings({ cluster: "a", findings: [], nowMs: 0 }, createPlainTerminal())).toBe(
      "a   nothing found\n",
    );
  });
});

describe("cli/view/render-series", () => {
  const at = (second: number): string => new Date(second * 1000).toISOString();
  const point = (second: number, value: number) => ({
    at: at(second),
    min: value,
    max: value,
    mean: value,
    last: value,
  });
  const answer: SeriesAnswer = {
    metric: "m",
    unit: "seconds",
    from: at(0),
    to: at(80),
    stepMs: 10_000,
    series: [
      {
        node: "m1",
        labels: { to: "m2" },
        points: [point(0, 0.001), point(10, 0.002), point(20, 0.003), point(50, 0.008)],
      },
    ],
  };

  it("draws the shape on a terminal, with a gap where nothing came", () => {
    expect(sparkline(answer, answer.series[0]!, 80)).toBe("▁▂▃  █");
    expect(renderSeries(answer, createPlainTerminal({ isTerminal: true }))).toContain("▁▂▃  █");
  });

  it("keeps the peaks where columns are few", () => {
    expect(sparkline(answer, answer.series[0]!, 4)).toBe("▁▂█");
  });

  it("gives figures alone to a pipe", () => {
    expect(renderSeries(answer, createPlainTerminal())).toBe(
      `m   seconds   ${at(0)} to ${at(80)}\n  m1 to=m2   min 1 ms  mean 3.5 ms  max 8 ms  last 8 ms\n`,
    );
  });

  it("draws a flat line for a value that never moves, and says when there is none", () => {
    const flat = { ...answer, series: [{ node: "m1", labels: {}, points: [point(0, 5), point(10, 5)] }] };
    expect(sparkline(flat, flat.series[0]!, 8)).toBe("▁▁");
    expect(renderSeries({ ...answer, series: [] }, createPlainTerminal())).toContain(
      "no values in this span",
    );
  });

  it.each([
    [0.000_002_34, "seconds", "2.34 µs"],
    [0.0123, "seconds", "12.3 ms"],
    [0, "seconds", "0 µs"],
    [12.5, "seconds", "12.5 s"],
    [21_000_000, "bytes", "20 MiB"],
    [1_280_042, "entries", "1280042"],
    [0.123_456, "ratio", "0.1235"],
  ])("writes %d %s as %s", (value, unit, text) => {
    expect(formatValue(value, unit)).toBe(text);
  });
});
