/** Recorded values over time, on one shared axis and cursor. */
import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { panelOf, PANELS } from "../chart/panels.ts";
import { useMarks } from "../data/mark-resources.ts";
import { useSeriesList } from "../data/series-resources.ts";
import { TRENDS } from "../i18n/catalogue/trends.ts";
import { say } from "../i18n/language.ts";
import { ResourceNotice } from "../parts/notice.tsx";
import { changeQuery, momentMs, route } from "../route/place.ts";
import { chooseBars, chooseMarks } from "../time/marks.ts";
import { timeWindow } from "../time/time-window.ts";
import { TrendCard } from "./trends/trend-card.tsx";

export interface TrendsPageProps {
  readonly cluster: string;
  /** It is a part of another page. */
  readonly isPart?: boolean;
}

export function TrendsPage({ cluster, isPart = false }: TrendsPageProps): VNode {
  const span = timeWindow.value;
  const list = useSeriesList(cluster);
  const { changes, events, incidents } = useMarks(cluster, span);
  const [isCompared, setCompared] = useState(false);
  const moment = momentMs.value;
  const overlays = useMemo(
    () => ({
      bars: chooseBars(incidents, span),
      marks: chooseMarks(changes, events, span),
      momentMs: moment,
    }),
    [changes, events, incidents, span, moment],
  );
  const known = list.data?.series;
  const nodes = useMemo(() => [...new Set((known ?? []).flatMap((one) => one.nodes))].sort(), [known]);
  const added = (route.value.query["metrics"] ?? "").split(",").filter((name) => name !== "");
  const addedPanels = useMemo(
    () =>
      added.map((metric) =>
        panelOf(metric, known?.find((one) => one.metric === metric) ?? { kind: "gauge", unit: "" }),
      ),
    [added.join(), known],
  );
  if (known === undefined) {
    return <ResourceNotice resource={list} rows={8} />;
  }
  function setAdded(metrics: readonly string[]): void {
    changeQuery({ metrics: metrics.length === 0 ? undefined : metrics.join(",") });
  }
  const isZoomed = route.value.query["from"] !== undefined;
  return (
    <section class="trends" aria-label={say(TRENDS.title)}>
      <header class="trends-head">
        {isPart ? <h2>{say(TRENDS.title)}</h2> : <h1>{say(TRENDS.title)}</h1>}
        <p class="muted">{say(TRENDS.hint)}</p>
        <div class="trends-actions">
          {isZoomed ? (
            <button
              type="button"
              class="button"
              onClick={() => changeQuery({ from: undefined, to: undefined })}
            >
              {say(TRENDS.zoomOut)}
            </button>
          ) : null}
          <button
            type="button"
            class="button"
            aria-pressed={isCompared}
            onClick={() => setCompared(!isCompared)}
          >
            {say(TRENDS.compare)}
          </button>
          <select
            class="field"
            aria-label={say(TRENDS.add)}
            value=""
            onChange={(event) => setAdded([...new Set([...added, event.currentTarget.value])])}
          >
            <option value="">{say(TRENDS.add)}</option>
            {known.map(({ metric, unit, help }) => (
              <option key={metric} value={metric} title={say(help)}>
                {`${metric} (${unit})`}
              </option>
            ))}
          </select>
        </div>
      </header>
      <div class="trends-grid">
        {[...addedPanels, ...PANELS].map((panel, index) => (
          <TrendCard
            key={`${panel.metric} ${index < addedPanels.length ? "added" : ""}`}
            cluster={cluster}
            panel={panel}
            span={span}
            nodes={nodes}
            about={known.find(({ metric }) => metric === panel.metric)}
            overlays={overlays}
            isCompared={isCompared}
            onRemove={
              index < addedPanels.length
                ? () => setAdded(added.filter((metric) => metric !== panel.metric))
                : undefined
            }
          />
        ))}
      </div>
    </section>
  );
}
