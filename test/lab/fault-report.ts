/** The lab's table and score, for a terminal and for docs/LAB.md. */
import { OF_MACHINE, type FaultRun } from "./run-fault.ts";

const HEAD_BESIDE = "Prometheus with etcd's rules";
const HEAD = [
  "fault",
  "etcd",
  "verdict",
  "first root cause",
  "verdict s",
  "cause s",
  "extra root causes",
  "load",
];

function cells(run: FaultRun): readonly string[] {
  if (run.skipped !== undefined) {
    return [run.fault, run.version, "skipped", run.skipped, "", "", "", ""];
  }
  const first = run.isFirstRight ? run.first : `WRONG: ${run.first}`;
  const extras = [...run.extras, ...run.missing.map((code) => `(not found: ${code})`)].join(", ");
  return [
    run.fault,
    run.version,
    run.verdictSeconds === undefined ? `WRONG: ${run.verdict}` : run.verdict,
    first,
    run.verdictSeconds?.toFixed(1) ?? "never",
    `${run.causeSeconds?.toFixed(1) ?? "never"}${run.isInTime || run.causeSeconds === undefined ? "" : " LATE"}`,
    extras,
    run.load?.toFixed(1) ?? "",
  ];
}

export function renderTable(runs: readonly FaultRun[]): string {
  const isBeside = runs.some(({ alerts }) => alerts !== undefined);
  const head = isBeside ? [...HEAD, HEAD_BESIDE] : HEAD;
  const rows = [head, ...runs.map((run) => (isBeside ? [...cells(run), run.alerts ?? ""] : cells(run)))];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const [first, ...rest] = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`,
  );
  const line = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [first, line, ...rest].join("\n");
}

export interface Score {
  readonly text: string;
  readonly isReached: boolean;
}

const RIGHT_SHARE = 0.95;
const EXTRA_SHARE = 0.05;

export function score(all: readonly FaultRun[]): Score {
  const runs = all.filter(({ skipped }) => skipped === undefined);
  const right = runs.filter(({ isFirstRight }) => isFirstRight).length;
  const withExtras = runs.filter(({ extras }) => extras.some((extra) => !extra.endsWith(OF_MACHINE))).length;
  const inTime = runs.filter(({ isInTime }) => isInTime).length;
  const share = (count: number): string =>
    `${count} of ${runs.length} (${((100 * count) / Math.max(1, runs.length)).toFixed(0)} %)`;
  return {
    text: [
      `first root cause right  ${share(right)}, to reach ≥ 95 %`,
      `with extra root causes  ${share(withExtras)}, to reach ≤ 5 %`,
      `verdict and cause in time  ${share(inTime)}`,
      `not run here  ${all.length - runs.length}`,
    ].join("\n"),
    isReached:
      runs.length > 0 && right >= RIGHT_SHARE * runs.length && withExtras <= EXTRA_SHARE * runs.length,
  };
}
