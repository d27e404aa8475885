/** The line of time itself: incidents on it as bars, instants as marks of three shapes, and the handle. */
import type { VNode } from "preact";
import { useRef } from "preact/hooks";
import { nowMs } from "../data/browser-clock.ts";
import { formatClock, formatMoment } from "../format/format-time.ts";
import { TIME } from "../i18n/catalogue/time.ts";
import { say } from "../i18n/language.ts";
import { pause } from "./playback.ts";
import type { IncidentBar, TimeMark } from "./marks.ts";
import { backToLive, scrubTo, shownMs } from "./scrub.ts";
import type { TimeWindow } from "./span.ts";
import { formatTick, listTicks } from "./ticks.ts";
import { holdWindow } from "./time-window.ts";

const KEY_STEP_MS = 1_000;
const LARGE_STEPS = 10;

export interface TimeTrackProps {
  readonly cluster: string;
  readonly span: TimeWindow;
  readonly bars: readonly IncidentBar[];
  readonly marks: readonly TimeMark[];
}

export function TimeTrack({ span, bars, marks }: TimeTrackProps): VNode {
  const track = useRef<HTMLDivElement>(null);
  const lengthMs = span.toMs - span.fromMs;
  const shown = shownMs();

  function percent(atMs: number): string {
    return `${Math.min(100, Math.max(0, ((atMs - span.fromMs) / lengthMs) * 100)).toFixed(3)}%`;
  }
  function dragTo(event: PointerEvent): void {
    const box = track.current?.getBoundingClientRect();
    if (box !== undefined) {
      const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      scrubTo(Math.min(nowMs(), span.fromMs + share * lengthMs));
    }
  }
  function press(event: KeyboardEvent): void {
    const from = shown ?? span.toMs;
    const step = KEY_STEP_MS * (event.shiftKey ? LARGE_STEPS : 1);
    const targets: Readonly<Record<string, number>> = {
      ArrowLeft: from - step,
      ArrowRight: from + step,
      PageDown: from - lengthMs / LARGE_STEPS,
      PageUp: from + lengthMs / LARGE_STEPS,
      Home: span.fromMs,
    };
    const target = targets[event.key];
    if (event.key === "End" || event.key === "Escape") {
      backToLive();
    } else if (target === undefined) {
      return;
    } else {
      scrubTo(Math.min(nowMs(), Math.max(span.fromMs, target)));
    }
    pause();
    event.preventDefault();
  }
  const value = shown ?? span.toMs;
  return (
    <div
      ref={track}
      class="time-track"
      role="slider"
      tabIndex={0}
      aria-label={say(TIME.slider)}
      aria-valuemin={Math.round(span.fromMs / 1_000)}
      aria-valuemax={Math.round(span.toMs / 1_000)}
      aria-valuenow={Math.round(value / 1_000)}
      aria-valuetext={shown === undefined ? say(TIME.now) : formatMoment(value, nowMs())}
      onKeyDown={press}
      onPointerDown={(event) => {
        pause();
        holdWindow(true);
        track.current?.setPointerCapture(event.pointerId);
        dragTo(event);
      }}
      onLostPointerCapture={() => holdWindow(false)}
      onPointerMove={(event) => {
        if (event.buttons === 1) {
          dragTo(event);
        }
      }}
    >
      {bars.map((bar) => (
        <span
          key={bar.id}
          class={`time-incident tone-${bar.tone}`}
          title={`${say(TIME.incident)}: ${say(bar.text)}`}
          style={{ left: percent(bar.fromMs), right: `calc(100% - ${percent(bar.toMs)})` }}
        />
      ))}
      {marks.map((mark) => (
        <span
          key={mark.key}
          class={`time-mark is-${mark.kind}`}
          title={`${formatClock(mark.atMs)} ${say(mark.text)}`}
          style={{ left: percent(mark.atMs) }}
        />
      ))}
      {listTicks(span).map((atMs) => (
        <span key={atMs} class="time-tick" style={{ left: percent(atMs) }}>
          {formatTick(atMs, lengthMs)}
        </span>
      ))}
      <span class="time-handle" style={{ left: percent(value) }} />
    </div>
  );
}
