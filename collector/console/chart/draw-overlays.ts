/** What lies behind the lines: incidents as bands, changes and leader changes as thin lines, and the moment that is shown. */
import type uPlot from "uplot";
import type { IncidentBar, TimeMark } from "../time/marks.ts";
import type { ChartTheme } from "./chart-theme.ts";

export interface Overlays {
  readonly bars: readonly IncidentBar[];
  readonly marks: readonly TimeMark[];
  readonly momentMs: number | undefined;
}

const BAND_ALPHA = 0.13;
const LINE_ALPHA = 0.55;

export function drawOverlays(self: uPlot, overlays: Overlays, theme: ChartTheme): void {
  const { ctx, bbox } = self;
  function toX(atMs: number): number {
    return self.valToPos(atMs / 1_000, "x", true);
  }
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const bar of overlays.bars) {
    ctx.globalAlpha = BAND_ALPHA;
    ctx.fillStyle = bar.tone === "bad" ? theme.badFill : bar.tone === "warn" ? theme.warnFill : theme.accent;
    const left = toX(bar.fromMs);
    ctx.fillRect(left, bbox.top, Math.max(2, toX(bar.toMs) - left), bbox.height);
  }
  for (const mark of overlays.marks.filter(({ kind }) => kind !== "event")) {
    drawLine(self, toX(mark.atMs), {
      color: mark.kind === "leader" ? theme.accent : theme.faint,
      dash: mark.kind === "leader" ? [] : [3, 3],
      alpha: LINE_ALPHA,
    });
  }
  if (overlays.momentMs !== undefined) {
    drawLine(self, toX(overlays.momentMs), { color: theme.moment, dash: [], alpha: 1 });
  }
  ctx.restore();
}

interface LineStyle {
  readonly color: string;
  readonly dash: number[];
  readonly alpha: number;
}

function drawLine({ ctx, bbox }: uPlot, x: number, { color, dash, alpha }: LineStyle): void {
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(dash.map((part) => part * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
}
