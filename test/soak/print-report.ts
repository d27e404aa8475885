/** A soak's report as lines for a terminal. */
import type { FleetLook } from "./fleet-calls.ts";
import type { MemoryReport, SoakReport } from "./run-soak.ts";

const REFUSALS = /^etcdscope_ingest_refusals_total\{reason="([^"]+)"\}$/;
/** Of the collector's counters, those that disturbances move. */
const COUNTERS: readonly (readonly [string, string])[] = [
  ["etcdscope_ingest_rejected_connections_total", "connections rejected"],
  ["etcdscope_ingest_slowed_total", "pauses of streams that sent too much"],
  ["etcdscope_ingest_duplicate_frames_total", "frames received again and dropped"],
  ["etcdscope_ingest_commit_failures_total", "commits that failed"],
  ["etcdscope_api_event_streams_dropped_total", "event streams cut off"],
  ["etcdscope_api_event_streams_refused_total", "event streams refused"],
  ["etcdscope_api_connections_refused_total", "connections to the API refused"],
];

export function printReport(report: SoakReport, print: (line: string) => void): void {
  const { comparison, descriptors, counters } = report;
  const row = (name: string, text: string | number): void => print(`${name.padEnd(48)}${text}`);
  print("");
  row("frames acknowledged", comparison.acknowledged);
  row("frames in the history", comparison.frames);
  row("acknowledged and not in the history", comparison.missing);
  row("visible twice", comparison.duplicates);
  row("send to acknowledgement, with restarts", describeTimes(report.restarts));
  row("send to acknowledgement, without", describeTimes(report.steady));
  row("RSS, last life of the collector", describeMemory(report.rss));
  row("heap after collections, main thread", describeMemory(report.heap));
  row("open files, start and end", `${descriptors.start.openFiles}, ${descriptors.end.openFiles}`);
  row("threads, start and end", `${descriptors.start.threads}, ${descriptors.end.threads}`);
  print("\ndone, and what came of it");
  for (const [name, count] of report.done) {
    row(`  ${name}`, count);
  }
  print("\nthe collector counted");
  for (const [name, label] of COUNTERS) {
    row(`  ${label}`, counters.get(name) ?? 0);
  }
  for (const [name, count] of counters) {
    const reason = REFUSALS.exec(name)?.[1];
    if (reason !== undefined) {
      row(`  streams refused, ${reason}`, count);
    }
  }
  print("\nthe collector logged, without info");
  for (const [name, count] of report.collectorLog) {
    print(`  ${String(count).padStart(7)}  ${name}`);
  }
  print("\nthe agents logged, without info");
  for (const [name, count] of Object.entries(report.steady.failures)) {
    print(`  ${String(count).padStart(7)}  ${name}`);
  }
  print("");
  report.failures.forEach((failure) => print(`FAILED     ${failure}`));
  print(report.failures.length === 0 ? "passed" : "not passed");
}

function describeTimes({ ackP50Ms, ackP99Ms }: FleetLook): string {
  return `p50 ${ackP50Ms?.toFixed(1) ?? "-"} ms, p99 ${ackP99Ms?.toFixed(0) ?? "-"} ms`;
}

function describeMemory({ startMiB, endMiB, maxMiB, slope }: MemoryReport): string {
  const ends = `start ${startMiB.toFixed(0)}, end ${endMiB.toFixed(0)}, max ${maxMiB.toFixed(0)} MiB`;
  return `${ends}; slope ${slope.perHour.toFixed(0)} ± ${slope.standardError.toFixed(0)} MiB/h (${slope.points} points)`;
}
