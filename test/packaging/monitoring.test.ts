import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { createCollectorMetrics } from "../../collector/api/collector-metrics.ts";
import { createEventHub } from "../../collector/api/stream/event-hub.ts";
import { createIngestCounters } from "../../collector/ingest/counters.ts";
import { createOutputCounters } from "../../collector/output/output-counters.ts";
import { systemClock } from "../../shared/clock.ts";

const ROOT = join(import.meta.dirname, "../..");

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels: { readonly severity: string };
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly w: number };
    readonly targets: readonly { readonly expr: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
}

function listExpressions(path: string): readonly string[] {
  if (path.endsWith(".yaml")) {
    return (parse(read(path)) as Rules).groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));
  }
  const board = JSON.parse(read(path)) as Dashboard;
  return [
    ...board.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...board.templating.list.map(({ query }) => query),
  ];
}

function listMetrics(text: string): ReadonlySet<string> {
  const types = [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)];
  return new Set(
    types.flatMap(([, name = "", type]) => (type === "histogram" ? [name, `${name}_bucket`] : [name])),
  );
}

/** Ours, and what Node and the process tell beside it. */
async function ownMetrics(): Promise<ReadonlySet<string>> {
  const counters = createIngestCounters();
  const metrics = createCollectorMetrics({
    ingestMetrics: counters,
    events: createEventHub({ clock: systemClock, stateOf: () => undefined }),
    outputMetrics: createOutputCounters(),
  });
  return listMetrics(await metrics.render([]));
}

const NAMES = /\b(etcdscope_[a-z_]+|etcd_[a-z_]+|process_[a-z_]+|nodejs_[a-z0-9_]+)\b/g;

function missing(path: string, known: ReadonlySet<string>): readonly string[] {
  const names = listExpressions(path).flatMap((expr) => [...expr.matchAll(NAMES)].map(([name]) => name));
  expect(names.length).toBeGreaterThan(3);
  return [...new Set(names)].filter((name) => !known.has(name));
}

describe("packaging/monitoring", () => {
  it("asks for no metric of the collector that it does not have", async () => {
    const known = await ownMetrics();
    expect(missing("packaging/prometheus/rules.yaml", known)).toEqual([]);
    expect(missing("packaging/grafana/etcdscope.json", known)).toEqual([]);
  });

  it.each(["3.4.23", "3.5.16"])("asks for no metric that etcd %s does not have", (version) => {
    const known = listMetrics(read(`test/fixture/etcd-metrics/${version}.txt`));
    expect(missing("packaging/prometheus/etcd-rules.yaml", known)).toEqual([]);
    expect(missing("packaging/grafana/etcd.json", known)).toEqual([]);
  });

  it("gives every alert a severity and a summary", () => {
    for (const path of ["packaging/prometheus/rules.yaml", "packaging/prometheus/etcd-rules.yaml"]) {
      const rules = (parse(read(path)) as Rules).groups.flatMap((group) => group.rules);
      expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
      for (const { labels, annotations } of rules) {
        expect(["critical", "warning"]).toContain(labels.severity);
        expect(annotations["summary"]).toMatch(/\w/);
      }
    }
  });

  it("lays every panel out within the grid, under a number of its own", () => {
    for (const name of ["etcdscope", "etcd"]) {
      const { panels } = JSON.parse(read(`packaging/grafana/${name}.json`)) as Dashboard;
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      expect(panels.every(({ gridPos }) => gridPos.x + gridPos.w <= 24)).toBe(true);
    }
  });
});
