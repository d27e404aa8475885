/** One scrubber for the whole page: drag it, and everything on the page is the cluster at that second. */
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { useMarks } from "../data/mark-resources.ts";
import { nowMs } from "../data/browser-clock.ts";
import { formatMoment, formatZone } from "../format/format-time.ts";
import { FRAME } from "../i18n/catalogue/frame.ts";
import { SPAN_WORDS, TIME } from "../i18n/catalogue/time.ts";
import { say } from "../i18n/language.ts";
import { changeQuery, route } from "../route/place.ts";
import { chooseBars, chooseMarks, type TimeMark } from "./marks.ts";
import { isPlaying, pause, speed, SPEEDS, togglePlay, type Speed } from "./playback.ts";
import { backToLive, scrubTo, shownMs } from "./scrub.ts";
import { SPANS, spanName, timeWindow } from "./time-window.ts";
import { TimeIcon } from "./time-icon.tsx";
import { TimeTrack } from "./time-track.tsx";

export function TimeBar({ cluster }: { readonly cluster: string }): VNode {
  const span = timeWindow.value;
  const { changes, events, incidents } = useMarks(cluster, span);
  const marks = useMemo(() => chooseMarks(changes, events, span), [changes, events, span]);
  const bars = useMemo(() => chooseBars(incidents, span), [incidents, span]);
  const shown = shownMs();
  return (
    <section
      class={`time-bar ${shown === undefined ? "is-live" : "is-past"}`}
      aria-label={say(TIME.bar)}
      data-testid="time-bar"
    >
      <div class="time-controls">
        <button
          type="button"
          class="button small"
          aria-label={say(isPlaying.value ? TIME.pause : TIME.play)}
          onClick={() => togglePlay(span.fromMs)}
        >
          <TimeIcon name={isPlaying.value ? "pause" : "play"} />
        </button>
        <select
          class="field small"
          aria-label={say(TIME.speed)}
          value={speed.value}
          onChange={(event) => {
            speed.value = Number(event.currentTarget.value) as Speed;
          }}
        >
          {SPEEDS.map((one) => (
            <option key={one} value={one}>
              ×{one}
            </option>
          ))}
        </select>
        <StepButton direction={-1} marks={marks} />
        <StepButton direction={1} marks={marks} />
      </div>
      <TimeTrack span={span} bars={bars} marks={marks} cluster={cluster} />
      <div class="time-read">
        <output class="time-shown" data-testid="moment">
          {shown === undefined ? say(TIME.now) : formatMoment(shown, nowMs())}
          <span class="faint"> {formatZone(shown ?? span.toMs)}</span>
        </output>
        <SpanChoice />
        <button type="button" class="button small" disabled={shown === undefined} onClick={goLive}>
          {say(FRAME.backToLive)}
        </button>
      </div>
    </section>
  );
}

function goLive(): void {
  pause();
  backToLive();
  changeQuery({ from: undefined, to: undefined });
}

function SpanChoice(): VNode {
  const isCustom = route.value.query["from"] !== undefined;
  return (
    <select
      class="field small"
      aria-label={say(TIME.span)}
      value={isCustom ? "custom" : spanName.value}
      onChange={(event) => changeQuery({ span: event.currentTarget.value, from: undefined, to: undefined })}
    >
      {isCustom ? <option value="custom">{say(TIME.custom)}</option> : null}
      {(Object.keys(SPANS) as (keyof typeof SPANS)[]).map((name) => (
        <option key={name} value={name}>
          {say(SPAN_WORDS[name])}
        </option>
      ))}
    </select>
  );
}

/** Marks of the same instant are one stop. */
const STEP_PAST_MS = 500;

interface StepButtonProps {
  readonly direction: 1 | -1;
  readonly marks: readonly TimeMark[];
}

function StepButton({ direction, marks }: StepButtonProps): VNode {
  const fromMs = shownMs() ?? nowMs();
  const target =
    direction < 0
      ? marks.findLast(({ atMs }) => atMs < fromMs - STEP_PAST_MS)
      : marks.find(({ atMs }) => atMs > fromMs + STEP_PAST_MS);
  return (
    <button
      type="button"
      class="button small"
      aria-label={say(direction < 0 ? TIME.previous : TIME.next)}
      disabled={target === undefined}
      onClick={() => target !== undefined && scrubTo(target.atMs)}
    >
      <TimeIcon name={direction < 0 ? "previous" : "next"} />
    </button>
  );
}
