import { describe, expect, it } from "vitest";
import {
  EXPIRES_AFTER_MS,
  hasNews,
  listAlerts,
  observe,
  TELL_RESOLVED_MS,
  type AlertBook,
} from "../../../collector/output/alert-book.ts";
import { labelsKey, toAlert } from "../../../collector/output/alert-labels.ts";
import { AT, sampleFinding } from "./sample-finding.ts";

const START = Date.parse(AT);
const EMPTY: AlertBook = new Map();
const opened = { cluster: "prod-a", active: [sampleFinding()], resolved: [] };
const quiet = { cluster: "prod-a", active: [], resolved: [] };

describe("collector/output/alert-book", () => {
  it("gives the same labels on both collectors of a pair, whatever each saw first", () => {
    const other = sampleFinding({
      id: "00000000000000b2",
      since: "2026-11-24T03:00:04.000Z",
      confidence: "likely",
      rootCause: false,
      causedBy: ["x"],
      detail: { en: "1 B free", zh: "" },
    });
    expect(labelsKey(toAlert("prod-a", other).labels)).toBe(
      labelsKey(toAlert("prod-a", sampleFinding()).labels),
    );
    expect(toAlert("prod-a", other).labels).toEqual({
      alertname: "EtcdscopeDiskFull",
      cluster: "prod-a",
      code: "DISK_FULL",
      severity: "critical",
      layer: "storage",
      member: "m3",
    });
  });

  it("tells the ends of a link apart", () => {
    const link = sampleFinding({ subject: { kind: "link", name: "m1", peer: "m2" } });
    expect(toAlert("c", link).labels).toMatchObject({ from: "m1", to: "m2" });
  });

  it("lets a standing alert expire unless it is renewed", () => {
    const book = observe(EMPTY, opened, START);
    expect(hasNews(EMPTY, book, "prod-a")).toBe(true);
    expect(listAlerts(book, START)[0]).toMatchObject({
      startsAt: AT,
      endsAt: new Date(START + EXPIRES_AFTER_MS).toISOString(),
    });
    const renewed = observe(book, opened, START + 60_000);
    expect(hasNews(book, renewed, "prod-a")).toBe(false);
    expect(listAlerts(renewed, START + 60_000)[0]?.endsAt).toBe(
      new Date(START + 60_000 + EXPIRES_AFTER_MS).toISOString(),
    );
  });

  it("ends an alert when its finding ended, tells so for a while, and forgets it", () => {
    const book = observe(EMPTY, opened, START);
    const until = new Date(START + 30_000).toISOString();
    const over = observe(
      book,
      { ...quiet, resolved: [sampleFinding({ status: "resolved", until })] },
      START + 31_000,
    );
    expect(hasNews(book, over, "prod-a")).toBe(true);
    expect(listAlerts(over, START + 31_000).map(({ endsAt }) => endsAt)).toEqual([until]);
    const kept = observe(over, quiet, START + TELL_RESOLVED_MS);
    expect(listAlerts(kept, 0)).toHaveLength(1);
    const gone = observe(kept, quiet, START + 30_000 + TELL_RESOLVED_MS);
    expect(gone.size).toBe(0);
  });

  it("tells neither a beginning nor an end that is still to come, when the clock was set back", () => {
    const over = observe(observe(EMPTY, opened, START), quiet, START + 60_000);
    const nowMs = START - 3_600_000;
    const now = new Date(nowMs).toISOString();
    expect(listAlerts(observe(over, quiet, nowMs), nowMs)[0]).toMatchObject({ startsAt: now, endsAt: now });
  });

  it("begins anew when what was over comes back", () => {
    const over = observe(observe(EMPTY, opened, START), quiet, START + 1000);
    const since = new Date(START + 5000).toISOString();
    const back = observe(over, { ...opened, active: [sampleFinding({ since })] }, START + 5000);
    expect(hasNews(over, back, "prod-a")).toBe(true);
    expect(listAlerts(back, START + 5000)).toMatchObject([{ startsAt: since }]);
  });

  it("ends the old alert when the severity changes, as it is another one", () => {
    const book = observe(EMPTY, opened, START);
    const milder = observe(book, { ...opened, active: [sampleFinding({ severity: "warning" })] }, START + 1);
    expect(
      listAlerts(milder, START + 1).map(({ labels, endsAt }) => [
        labels["severity"],
        Date.parse(endsAt) > START + 1,
      ]),
    ).toEqual([
      ["warning", true],
      ["critical", false],
    ]);
  });

  it("keeps clusters apart", () => {
    const book = observe(observe(EMPTY, opened, START), { ...opened, cluster: "b" }, START);
    const after = observe(book, quiet, START + 1);
    expect(listAlerts(after, START + 2).filter(({ endsAt }) => Date.parse(endsAt) > START + 2)).toMatchObject(
      [{ labels: { cluster: "b" } }],
    );
  });
});
