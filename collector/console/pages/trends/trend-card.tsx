/** One trend: its chart, its unit, its table for a spreadsheet. */
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import type { SeriesDescription } from "../../../../shared/rest.ts";
import type { Overlays } from "../../chart/draw-overlays.ts";
import type { Panel } from "../../chart/panels.ts";
import { toColumns, type Columns } from "../../chart/to-columns.ts";
import { toCsv } from "../../chart/to-csv.ts";
import { UplotChart, type ChartLine } from "../../chart/uplot-chart.tsx";
import { saveFile } from "../../data/save-file.ts";
import { useSeries } from "../../data/series-resources.ts";
import { TRENDS } from "../../i18n/catalogue/trends.ts";
import { say } from "../../i18n/language.ts";
import { Card } from "../../parts/card.tsx";
import { Notice, ResourceNotice } from "../../parts/notice.tsx";
import { changeQuery } from "../../route/place.ts";
import { scrubTo } from "../../time/scrub.ts";
import type { TimeWindow } from "../../time/span.ts";
import { QuotaNote } from "./quota-note.tsx";

export interface TrendCardProps {
  readonly cluster: string;
  readonly panel: Panel;
  readonly span: TimeWindow;
  /** Every node of the cluster, which gives each its colour. */
  readonly nodes: readonly string[];
  readonly about: SeriesDescription | undefined;
  readonly overlays: Overlays;
  readonly isCompared: boolean;
  /** Only of those that were added. */
  readonly onRemove?: (() => void) | undefined;
}

export function TrendCard(props: TrendCardProps): VNode {
  const { cluster, panel, span, about, isCompared } = props;
  const lengthMs = span.toMs - span.fromMs;
  const earlier = { fromMs: span.fromMs - lengthMs, toMs: span.fromMs };
  const isCounter = panel.as !== undefined;
  const main = useSeries({ cluster, metric: panel.metric, span, isCounter });
  const beside = useSeries({ cluster, metric: panel.beside, span });
  const limit = useSeries({ cluster, metric: panel.limit, span });
  const growth = useSeries({ cluster, metric: panel.growth?.metric, span });
  const before = useSeries({
    cluster,
    metric: isCompared ? panel.metric : undefined,
    span: earlier,
    isCounter,
  });
  const columns = useMemo(
    () => (main.data === undefined ? undefined : toColumns(main.data, panel)),
    [main.data, panel],
  );
  const lines = useMemo(
    () =>
      columns === undefined
        ? []
        : chooseLines(columns, {
            nodes: props.nodes,
            beside: beside.data === undefined ? undefined : toColumns(beside.data, panel),
            limit: limit.data === undefined ? undefined : toColumns(limit.data, {}),
            before: before.data === undefined || !isCompared ? undefined : toColumns(before.data, panel),
          }),
    [columns, beside.data, limit.data, before.data, isCompared, props.nodes.join()],
  );
  const unit = panel.unit ?? about?.unit ?? main.data?.unit ?? "";
  return (
    <Card
      title={say(panel.title)}
      class="trend-card"
      aside={
        <>
          {props.onRemove === undefined ? null : (
            <button type="button" class="button quiet small" onClick={props.onRemove}>
              {say(TRENDS.remove)}
            </button>
          )}
          <button
            type="button"
            class="button quiet small"
            disabled={columns === undefined}
            aria-label={`${say(TRENDS.csv)}: ${say(panel.title)}`}
            onClick={() =>
              columns !== undefined &&
              saveFile(`${cluster}-${panel.metric}.csv`, toCsv(panel.metric, columns))
            }
          >
            {say(TRENDS.csv)}
          </button>
        </>
      }
    >
      <p class="trend-help faint">{about === undefined ? panel.metric : say(about.help)}</p>
      {columns === undefined ? (
        main.problem?.status === 404 ? (
          <Notice tone="unknown" title={say(TRENDS.notThere)} />
        ) : (
          <ResourceNotice resource={main} />
        )
      ) : lines.length === 0 ? (
        <Notice tone="unknown" title={say(TRENDS.noPoints)} />
      ) : (
        <UplotChart
          atSeconds={columns.atSeconds}
          lines={lines}
          unit={unit}
          overlays={props.overlays}
          onBrush={(fromMs, toMs) => changeQuery({ from: String(fromMs), to: String(toMs) })}
          onPick={scrubTo}
        />
      )}
      {panel.growth === undefined || limit.data === undefined ? null : (
        <QuotaNote
          used={beside.data === undefined ? undefined : toColumns(beside.data, panel)}
          quota={toColumns(limit.data, {})}
          growth={growth.data === undefined ? undefined : toColumns(growth.data, panel.growth)}
        />
      )}
    </Card>
  );
}

interface Companions {
  readonly nodes: readonly string[];
  readonly beside: Columns | undefined;
  readonly limit: Columns | undefined;
  readonly before: Columns | undefined;
}

/** On the grid of the first; the others were asked for with as many steps. */
function chooseLines(columns: Columns, { nodes, beside, limit, before }: Companions): readonly ChartLine[] {
  const steps = columns.atSeconds.length;
  const named = [...new Set([...nodes, ...columns.lines.map(({ node }) => node)])];
  function colorOf(node: string): number {
    return Math.max(0, named.indexOf(node));
  }
  function fit(values: readonly (number | null)[]): readonly (number | null)[] {
    return Array.from({ length: steps }, (_, step) => values[step] ?? null);
  }
  function style(from: Columns | undefined, kind: ChartLine["style"], word: string): readonly ChartLine[] {
    return (from?.lines ?? []).map(({ node, values }) => ({
      label: word === "" ? node : `${node} ${word}`,
      color: colorOf(node),
      style: kind,
      values: fit(values),
    }));
  }
  // The quota is the same on every member, or there is a finding about it.
  const quota = limit === undefined ? undefined : { ...limit, lines: limit.lines.slice(0, 1) };
  const quotaLine = style(quota, "limit", say(TRENDS.quota)).map((line) => ({
    ...line,
    label: say(TRENDS.quota),
  }));
  return [
    ...style(columns, "solid", ""),
    ...style(beside, "dashed", say(TRENDS.inUse)),
    ...style(before, "before", say(TRENDS.before)),
    // A quota far above everything would press the lines flat.
    ...(isNear(quota, columns) ? quotaLine : []),
  ];
}

function isNear(quota: Columns | undefined, columns: Columns): boolean {
  const largest = Math.max(0, ...columns.lines.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const limit = quota?.lines[0]?.values.findLast((value) => value !== null) ?? 0;
  return limit > 0 && largest > limit / 10;
}
