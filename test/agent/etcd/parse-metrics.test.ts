import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findLabel, MetricText } from "../../../agent/etcd/parse-metrics.ts";

const FIXTURES = join(import.meta.dirname, "../../fixture/etcd-metrics");

function read(version: string): MetricText {
  return new MetricText(readFileSync(join(FIXTURES, `${version}.txt`)));
}

describe("agent/etcd/parse-metrics", () => {
  it.each(["3.4.23", "3.5.16"])("finds plain values of %s", (version) => {
    const text = read(version);
    expect(text.findValue("etcd_server_has_leader")).toBe(1);
    expect(text.findValue("etcd_server_is_leader")).toBe(1);
    expect(text.findValue("etcd_server_quota_backend_bytes")).toBe(2 ** 31);
    expect(text.findValue("etcd_server_proposals_pending")).toBe(0);
  });

  it("finds families asked for in any order", () => {
    const text = read("3.4.23");
    expect(text.findValue("etcd_server_slow_apply_total")).toBe(1);
    expect(text.findValue("etcd_server_has_leader")).toBe(1);
    expect(text.findHistograms("etcd_disk_wal_fsync_duration_seconds").get("")?.counts.at(-1)).toBe(41);
  });

  it("reads a histogram with its bounds, counts and sum", () => {
    const histogram = read("3.4.23").findHistograms("etcd_disk_wal_fsync_duration_seconds").get("");
    expect(histogram?.bounds[0]).toBe(0.001);
    expect(histogram?.bounds.at(-1)).toBe(Number.POSITIVE_INFINITY);
    expect(histogram?.bounds).toHaveLength(histogram?.counts.length ?? 0);
    expect(histogram?.sum).toBeCloseTo(0.028348, 6);
  });

  it("keeps histograms apart by a label", () => {
    const found = read("3.5.16").findHistograms("etcd_network_peer_round_trip_time_seconds", "To");
    expect([...found.keys()].sort()).toEqual(["70c1e32a2ab0744d", "cbf5b77cb1508109"]);
    expect(found.get("70c1e32a2ab0744d")?.counts.at(-1)).toBe(118);
  });

  it("reads lines with labels, without zeros when asked", () => {
    const text = read("3.4.23");
    expect(text.findLines("etcd_network_peer_sent_failures_total")).toEqual([
      { labels: 'To="31e578c32b42299"', value: 2658 },
    ]);
    const handled = text.findLines("grpc_server_handled_total", true);
    expect(handled.length).toBeGreaterThan(3);
    expect(handled.every((line) => line.value > 0)).toBe(true);
  });

  it("has nothing for a family that is not there, and for a text that is not metrics", () => {
    expect(read("3.4.23").findValue("etcd_server")).toBeUndefined();
    for (const text of ["", "<html>", "# TYPE etcd_server_has_leader gauge", "# TYPE a gauge\na NaN"]) {
      expect(new MetricText(Buffer.from(text)).findValue("etcd_server_has_leader")).toBeUndefined();
      expect(new MetricText(Buffer.from(text)).findLines("etcd_server_has_leader")).toEqual([]);
    }
  });

  it("does not take a label for another that ends like it", () => {
    expect(findLabel('RemoteTo="a",To="b"', "To")).toBe("b");
    expect(findLabel('RemoteTo="a"', "To")).toBeUndefined();
  });
});
