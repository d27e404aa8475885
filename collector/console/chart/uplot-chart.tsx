/** One chart: lines over time with the shared cursor, brush, incidents behind and the moment in front. */
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { currentScheme } from "../parts/scheme.ts";
import { TIME } from "../i18n/catalogue/time.ts";
import { language, say } from "../i18n/language.ts";
import { formatValue } from "../format/format-value.ts";
import { drawOverlays, type Overlays } from "./draw-overlays.ts";
import { readTheme, type ChartTheme } from "./chart-theme.ts";

export interface ChartLine {
  readonly label: string;
  /** Which of the series colours; nodes keep theirs in every chart. */
  readonly color: number;
  readonly style: "solid" | "dashed" | "before" | "limit";
  readonly values: readonly (number | null)[];
}

export interface UplotChartProps {
  readonly atSeconds: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly unit: string;
  readonly overlays: Overlays;
  /** Everything between its two times was brushed. */
  readonly onBrush: (fromMs: number, toMs: number) => void;
  readonly onPick: (atMs: number) => void;
}

const HEIGHT = 168;
/** A drag shorter than this is a click. */
const MIN_BRUSH_PX = 6;
const SYNC_KEY = "trends";

export function UplotChart(props: UplotChartProps): VNode {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const shape = props.lines.map(({ label, color, style }) => `${label}/${color}/${style}`).join("|");
  const scheme = currentScheme();
  const words = language.value;

  useEffect(() => {
    const element = place.current;
    if (element === null) {
      return undefined;
    }
    const made = new uPlot(
      options(latest, readTheme(element), element.clientWidth),
      toData(latest.current),
      element,
    );
    chart.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = undefined;
    };
  }, [shape, scheme, words, props.unit]);

  useEffect(() => {
    chart.current?.setData(toData(props));
  }, [props.atSeconds, props.lines]);

  useEffect(() => {
    chart.current?.redraw(false);
  }, [props.overlays]);

  return <div class="chart" ref={place} />;
}

function toData({ atSeconds, lines }: UplotChartProps): uPlot.AlignedData {
  return [[...atSeconds], ...lines.map(({ values }) => [...values])];
}

type Latest = { readonly current: UplotChartProps };

function options(latest: Latest, theme: ChartTheme, width: number): uPlot.Options {
  const { unit, lines } = latest.current;
  const axis = {
    stroke: theme.faint,
    grid: { stroke: theme.line, width: 1 },
    ticks: { show: false },
    font: theme.font,
  };
  return {
    width,
    height: HEIGHT,
    padding: [10, 12, 0, 0],
    cursor: {
      drag: { x: true, y: false, setScale: false },
      sync: { key: SYNC_KEY, setSeries: false },
      points: { size: 5 },
      focus: { prox: 24 },
    },
    focus: { alpha: 0.35 },
    legend: { live: true },
    scales: {
      x: { time: true },
      y: { range: (_, min, max) => rangeOf(min, max) },
    },
    axes: [
      { ...axis, size: 26, space: 70, values: (_, splits) => splits.map(formatAxisTime(splits)) },
      {
        ...axis,
        ...stepsOf(unit),
        size: 66,
        space: 34,
        values: (_, splits) => splits.map((one) => formatValue(one, unit)),
      },
    ],
    series: [
      { label: say(TIME.bar), value: (_, at) => (at === null ? "" : formatFullTime(at)) },
      ...lines.map((line, index) => ({
        ...toSeries(line, unit, theme),
        // A line needs two points; what has just begun to be recorded is a dot.
        points: { show: () => isDots(latest.current.lines[index]), size: 5 },
      })),
    ],
    hooks: {
      drawClear: [(self) => drawOverlays(self, latest.current.overlays, theme)],
      setSelect: [(self) => brush(self, latest)],
      ready: [
        (self) => {
          self.over.addEventListener("click", () => pick(self, latest));
        },
      ],
    },
  };
}

const DOTS_UP_TO = 2;

function isDots(line: ChartLine | undefined): boolean {
  return (line?.values ?? []).filter((value) => value !== null).length <= DOTS_UP_TO;
}

/** Bytes are read in powers of two. */
function stepsOf(unit: string): { incrs?: number[] } {
  return unit.startsWith("bytes") ? { incrs: Array.from({ length: 50 }, (_, power) => 2 ** power) } : {};
}

function toSeries({ label, color, style }: ChartLine, unit: string, theme: ChartTheme): uPlot.Series {
  const stroke = style === "limit" ? theme.bad : (theme.series[color % theme.series.length] ?? theme.text);
  const dash = { solid: [], dashed: [5, 4], before: [2, 4], limit: [8, 5] }[style];
  return {
    label,
    stroke,
    dash,
    width: style === "solid" ? 1.6 : 1.2,
    alpha: style === "before" ? 0.75 : 1,
    // A step without a sample between two that have one is no gap: slow probes look seldom.
    spanGaps: true,
    value: (_, value) => (value === null ? "–" : formatValue(value, unit)),
  };
}

/** From zero where that is near, so that a small wobble does not look like a fault. */
function rangeOf(min: number | null, max: number | null): [number, number] {
  const low = min ?? 0;
  const high = max ?? 1;
  const top = high === low ? high + (Math.abs(high) || 1) * 0.2 : high + (high - low) * 0.08;
  const isFarFromZero = low > 0 && (high - low) / high < 0.05;
  return [isFarFromZero ? low - (high - low) * 0.5 : Math.min(0, low), top];
}

function brush(self: uPlot, latest: Latest): void {
  const { left, width } = self.select;
  if (width < MIN_BRUSH_PX) {
    return;
  }
  const fromMs = self.posToVal(left, "x") * 1_000;
  const toMs = self.posToVal(left + width, "x") * 1_000;
  self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  latest.current.onBrush(Math.round(fromMs), Math.round(toMs));
}

function pick(self: uPlot, latest: Latest): void {
  const left = self.cursor.left ?? -1;
  if (left >= 0) {
    latest.current.onPick(Math.round(self.posToVal(left, "x") * 1_000));
  }
}

const DAY_SECONDS = 86_400;

function formatAxisTime(splits: readonly number[]): (at: number) => string {
  const step = (splits[1] ?? 0) - (splits[0] ?? 0);
  return (at) => {
    const date = new Date(at * 1_000);
    const clock = date.toTimeString().slice(0, step < 60 ? 8 : 5);
    const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
    return step >= DAY_SECONDS || (step >= 3_600 && isMidnight)
      ? `${date.getMonth() + 1}-${date.getDate()}`
      : clock;
  };
}

function formatFullTime(at: number): string {
  const date = new Date(at * 1_000);
  return `${date.getMonth() + 1}-${date.getDate()} ${date.toTimeString().slice(0, 8)}`;
}
