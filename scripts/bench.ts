/** `npm run bench -- NAME [--rounds N] [--json FILE]`: runs one benchmark, prints machine, method, figures and goals. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { describeMachine, type Benchmark, type BenchmarkResult } from "../test/bench/benchmark.ts";

const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  crash: async () => (await import("../test/bench/crash.ts")).crash,
  trouble: async () => (await import("../test/bench/trouble.ts")).trouble,
  "agent-cost": async () => (await import("../test/bench/agent-cost.ts")).agentCost,
  "agent-harm": async () => (await import("../test/bench/agent-harm.ts")).agentHarm,
  logs: async () => (await import("../test/bench/logs.ts")).logs,
  size: async () => (await import("../test/bench/size.ts")).size,
  query: async () => (await import("../test/bench/query.ts")).query,
  fleet: async () => (await import("../test/bench/fleet.ts")).fleet,
  reconnect: async () => (await import("../test/bench/reconnect.ts")).reconnect,
  retention: async () => (await import("../test/bench/retention.ts")).retention,
  "time-travel": async () => (await import("../test/bench/time-travel.ts")).timeTravel,
  peers: async () => (await import("../test/bench/peers.ts")).peers,
  evaluation: async () => (await import("../test/bench/evaluation.ts")).evaluation,
  api: async () => (await import("../test/bench/api.ts")).api,
  ingest: async () => (await import("../test/bench/ingest.ts")).ingest,
  console: async () => (await import("../test/bench/console.ts")).console,
  detection: async () => (await import("../test/bench/detection.ts")).detection,
};

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "string" }, rounds: { type: "string" } },
  });
  const name = positionals[0] ?? "";
  const load = BENCHMARKS[name];
  if (values.rounds !== undefined && !/^[1-9]\d{0,5}$/.test(values.rounds)) {
    console.error(`Expected --rounds to be a number of repetitions, got "${values.rounds}"`);
    return 2;
  }
  if (load === undefined || positionals.length !== 1) {
    console.error(
      `Expected the name of one benchmark (${Object.keys(BENCHMARKS).join(", ")}), got "${positionals.join(" ")}"`,
    );
    return 2;
  }
  const benchmark = await load();
  const machine = describeMachine();
  const at = new Date().toISOString();
  console.log(
    `benchmark  ${benchmark.name}\nmachine    ${machine}\nat         ${at}\nmethod     ${benchmark.method}\n`,
  );
  const rounds = values.rounds === undefined ? {} : { rounds: Number(values.rounds) };
  const results = await benchmark.run((line) => console.log(`  ${line}`), rounds);
  console.log(`\n${table(results)}`);
  if (values.json !== undefined) {
    writeFileSync(
      values.json,
      `${JSON.stringify({ name: benchmark.name, machine, at, results }, null, 2)}\n`,
    );
  }
  return results.every((row) => row.met !== false) ? 0 : 1;
}

function table(results: readonly BenchmarkResult[]): string {
  const rows = results.map((row) => [
    row.figure,
    String(row.value),
    row.unit,
    row.goal ?? "",
    row.met === null ? "" : row.met ? "met" : "NOT MET",
  ]);
  const head = ["figure", "value", "unit", "goal", ""];
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? "").length)),
  );
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

process.exitCode = await main();
