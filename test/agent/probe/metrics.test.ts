import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createMetricsProbe, readMetrics } from "../../../agent/probe/metrics.ts";
import { METRIC_CATALOGUE } from "../../../shared/metric-catalogue.ts";
import { parseSeriesKey } from "../../../shared/series-key.ts";
import { fakeEtcd, memberNamed } from "./fake-etcd.ts";
import { probeContext } from "./probe-context.ts";

const FIXTURES = join(import.meta.dirname, "../../fixture/etcd-metrics");
const REAL = readFileSync(join(FIXTURES, "3.4.23.txt"));

function fsyncs(first: number, second: number): string {
  const name = "etcd_disk_wal_fsync_duration_seconds";
  return `# TYPE ${name} histogram
${name}_bucket{le="0.001"} ${first}
${name}_bucket{le="0.002"} ${second}
${name}_bucket{le="+Inf"} ${second}
${name}_sum ${second * 0.001}
${name}_count ${second}
`;
}

/** Samples of one reading after another. */
async function readAll(texts: readonly string[]): Promise<readonly Readonly<Record<string, number>>[]> {
  const probe = createMetricsProbe();
  const seen: Record<string, number>[] = [];
  for (const text of texts) {
    const etcd = fakeEtcd({ metricsBody: () => Promise.resolve(Buffer.from(text)) });
    const { samples = [] } = await probe.run(probeContext({ etcd }));
    seen.push(Object.fromEntries(samples.map(({ key, value }) => [key, value])));
  }
  return seen;
}

describe("agent/probe/metrics", () => {
  it.each(["3.4.23", "3.5.16"])("sends only what the catalogue names, of etcd %s", (version) => {
    const text = readFileSync(join(FIXTURES, `${version}.txt`));
    const known = new Map(METRIC_CATALOGUE.map(({ name, labels }) => [name, labels]));
    const { samples, histograms } = readMetrics(text, []);
    expect(histograms.size).toBe(4);
    expect(samples.length).toBeGreaterThan(12);
    for (const { key, value } of samples) {
      const { metric, labels } = parseSeriesKey(key);
      expect([metric, Object.keys(labels).sort()]).toEqual([
        metric,
        [...(known.get(metric) ?? ["not known"])].sort(),
      ]);
      expect(value, key).not.toBeNaN();
    }
  });

  it("names peers by the member list, and unknown ones by their id", () => {
    const { samples } = readMetrics(REAL, [memberNamed("m3", 0x31e578c32b42299n)]);
    expect(samples).toContainEqual({ key: 'etcd_network_peer_sent_failures_total{to="m3"}', value: 2658 });
    expect(samples).toContainEqual({ key: 'etcd_network_active_peers{to="m3"}', value: 1 });
    expect(samples).toContainEqual({ key: 'etcd_network_active_peers{to="1bcbe00ba3890cd7"}', value: 1 });
  });

  it("sums gRPC requests by their code", () => {
    const { samples } = readMetrics(REAL, []);
    const ok = samples.find(({ key }) => key === 'grpc_server_handled_total{grpc_code="OK"}')?.value ?? 0;
    const lines = REAL.toString("latin1")
      .split("\n")
      .filter((line) => line.startsWith('grpc_server_handled_total{grpc_code="OK"'));
    expect(lines.length).toBeGreaterThan(10);
    expect(ok).toBe(lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0));
  });

  it("tells quantiles of the interval between two readings as bounds of a bucket", async () => {
    const [first, second, third] = await readAll([fsyncs(100, 100), fsyncs(190, 200), fsyncs(190, 200)]);
    const name = "etcd_disk_wal_fsync_duration_seconds";
    expect(first).toEqual({});
    expect(second).toEqual({
      etcd_disk_wal_fsync_interval_count: 100,
      [`${name}_mean`]: expect.closeTo(0.001, 9) as number,
      [`${name}_quantile{bound="lower",quantile="0.5"}`]: 0,
      [`${name}_quantile{bound="upper",quantile="0.5"}`]: 0.001,
      [`${name}_quantile{bound="lower",quantile="0.99"}`]: 0.001,
      [`${name}_quantile{bound="upper",quantile="0.99"}`]: 0.002,
    });
    expect(third).toEqual({ etcd_disk_wal_fsync_interval_count: 0 });
  });

  it("starts from zero after a restart of etcd", async () => {
    const [, second] = await readAll([fsyncs(100, 100), fsyncs(3, 4)]);
    expect(second).toMatchObject({ etcd_disk_wal_fsync_interval_count: 4 });
  });
});
