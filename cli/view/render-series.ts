/** Recorded values for people: min, mean, max and last of each series, and on a terminal its shape as a sparkline. */
import { formatSizeBytes } from "../../shared/config/parse-size.ts";
import type { SeriesAnswer, SeriesData, SeriesDescription } from "../../shared/rest.ts";
import type { Terminal } from "../terminal.ts";
import { renderTable } from "./render-table.ts";
import { HEADS } from "./words.ts";

/** A screen holds no more; --json gives all. */
const MAX_SHOWN = 60;
/** Explanations cut shorter than this explain nothing. */
const MIN_ABOUT_COLUMNS = 34;
const BARS = "▁▂▃▄▅▆▇█";

/** The list of metrics. */
export function renderSeriesList(series: readonly SeriesDescription[], terminal: Terminal): string {
  const { language } = terminal;
  const widthOf = (key: "metric" | "unit"): number => Math.max(0, ...series.map((one) => one[key].length));
  const hasRoom = terminal.columns - widthOf("metric") - widthOf("unit") >= MIN_ABOUT_COLUMNS;
  return renderTable({
    head: [HEADS.metric, HEADS.unit, ...(hasRoom ? [HEADS.about] : [])].map((head) => head[language]),
    rows: series.map(({ metric, unit, help }) => [
      { text: metric },
      { text: unit },
      ...(hasRoom ? [{ text: help[language] }] : []),
    ]),
    columns: terminal.columns,
    indent: 0,
  });
}

/** One metric. */
export function renderSeries(answer: SeriesAnswer, terminal: Terminal): string {
  const head = `${terminal.style("bold", answer.metric)}   ${answer.unit}   ${answer.from} to ${answer.to}\n`;
  if (answer.series.every(({ points }) => points.length === 0)) {
    return `${head}${terminal.language === "zh" ? "  这段时间没有数值" : "  no values in this span"}\n`;
  }
  const shown = answer.series.slice(0, MAX_SHOWN).map((series) => renderOne(answer, series, terminal));
  const left = answer.series.length - shown.length;
  return [head, ...shown, left > 0 ? `  … ${left} more, see --json\n` : ""].join("");
}

function renderOne(answer: SeriesAnswer, series: SeriesData, terminal: Terminal): string {
  const labels = Object.entries(series.labels).map(([name, value]) => `${name}=${value}`);
  const points = series.points;
  const last = points.at(-1);
  if (last === undefined) {
    return "";
  }
  const figures = {
    min: Math.min(...points.map(({ min }) => min)),
    mean: points.reduce((sum, { mean }) => sum + mean, 0) / points.length,
    max: Math.max(...points.map(({ max }) => max)),
    last: last.last,
  };
  const texts = Object.entries(figures).map(([name, value]) => `${name} ${formatValue(value, answer.unit)}`);
  const line = `  ${[series.node, ...labels].join(" ")}   ${texts.join("  ")}\n`;
  return terminal.isTerminal ? `${line}  ${sparkline(answer, series, terminal.columns - 4)}\n` : line;
}

/** One bar a column: the highest value in it, between the series' lowest and highest; a gap where nothing came. */
export function sparkline(answer: SeriesAnswer, series: SeriesData, width: number): string {
  const fromMs = Date.parse(answer.from);
  const spanMs = Date.parse(answer.to) - fromMs;
  const columns = Math.max(1, Math.min(width, Math.round(spanMs / Math.max(1, answer.stepMs))));
  const highest: (number | undefined)[] = Array.from({ length: columns });
  for (const point of series.points) {
    const column = Math.floor(((Date.parse(point.at) - fromMs) / spanMs) * columns);
    if (column >= 0 && column < columns) {
      highest[column] = Math.max(highest[column] ?? Number.NEGATIVE_INFINITY, point.max);
    }
  }
  const seen = highest.filter((value) => value !== undefined);
  const [low, high] = [Math.min(...seen), Math.max(...seen)];
  return highest
    .map((value) => {
      if (value === undefined) {
        return " ";
      }
      const share = high > low ? (value - low) / (high - low) : 0;
      return BARS[Math.round(share * (BARS.length - 1))];
    })
    .join("")
    .trimEnd();
}

/** 0.00234 seconds → "2.34 ms"; bytes with their unit; else four digits. */
export function formatValue(value: number, unit: string): string {
  if (unit === "bytes") {
    return formatSizeBytes(value);
  }
  if (unit === "seconds" && Math.abs(value) < 1) {
    const isTiny = Math.abs(value) < 0.001;
    return `${digits(value * (isTiny ? 1e6 : 1e3))} ${isTiny ? "µs" : "ms"}`;
  }
  return unit === "seconds" ? `${digits(value)} s` : digits(value);
}

function digits(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}
