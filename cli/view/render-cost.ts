/** The table of `etcdscope agent --cost`: dearest first, what cannot be measured here named, a sum at the end. */
import type { ProbeCost } from "../../agent/summarize-cost.ts";
import { formatDurationMs } from "../../shared/config/parse-duration.ts";
import type { Terminal } from "../terminal.ts";
import { renderTable } from "./render-table.ts";

export function renderCost(costs: readonly ProbeCost[], terminal: Terminal): string {
  const dearestFirst = [...costs].sort((one, other) => other.share - one.share);
  const share = costs.reduce((sum, cost) => sum + cost.share, 0);
  const rows = dearestFirst.map((cost) =>
    [
      cost.probe,
      formatDurationMs(cost.everyMs),
      String(cost.targets),
      ...(cost.targets === 0 ? NOT_MEASURED : listFigures(cost)),
      cost.problems.join(", "),
    ].map((text) => ({ text })),
  );
  const table = renderTable({
    head: ["PROBE", "EVERY", "TARGETS", "CPU MS", "CORE %", "READ B", "WRITTEN B", "SAW NOTHING"],
    rows: [
      ...rows,
      [
        { text: "all" },
        ...Array.from({ length: 3 }, () => ({ text: "" })),
        { text: formatShare(share) },
        ...Array.from({ length: 3 }, () => ({ text: "" })),
      ],
    ],
    columns: terminal.columns,
    indent: 0,
  });
  return `${table}\n${NOTES[terminal.language].join("\n")}\n`;
}

const NOT_MEASURED = ["-", "-", "-", "-"];

function listFigures({ cpuMs, share, readBytes, writtenBytes }: ProbeCost): readonly string[] {
  return [cpuMs.toFixed(2), formatShare(share), String(readBytes), String(writtenBytes)];
}

function formatShare(share: number): string {
  return (share * 100).toFixed(3);
}

const NOTES = {
  en: [
    "CPU MS, READ B, WRITTEN B: mean of one run of one target, each run alone here;",
    "CPU with that of children (to 10 ms of all runs together). -: not measured.",
    "CORE %: at this cadence, over all targets. Frames, spool and stream come on top:",
    "a running agent reports the whole as etcdscope_agent_cpu_seconds_total.",
  ],
  zh: [
    "CPU MS、READ B、WRITTEN B：单个目标每次运行的平均值，各次运行互不重叠；",
    "CPU 含子进程（全部运行合计精确到 10 毫秒）。-：未测量。",
    "CORE %：按此周期对所有目标的合计。帧、缓存与上传另计：",
    "运行中的 agent 以 etcdscope_agent_cpu_seconds_total 报告总量。",
  ],
} as const;
