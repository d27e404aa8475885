/** The incident as lanes: what lasted as bars, what happened as marks; a click shows the cluster at that moment. */
import type { VNode } from "preact";
import type { Incident } from "../../../../shared/rest-incident.ts";
import { formatClock } from "../../format/format-time.ts";
import { INCIDENTS, TIMELINE_KINDS } from "../../i18n/catalogue/incidents.ts";
import { say } from "../../i18n/language.ts";
import { SEVERITY_TONE } from "../../parts/tones.ts";
import { momentMs } from "../../route/place.ts";
import { scrubTo } from "../../time/scrub.ts";
import { placeLanes, type Lane, type LaneFrame } from "./place-lanes.ts";

export function SwimLanes({ incident }: { readonly incident: Incident }): VNode {
  const frame = placeLanes(incident);
  return (
    <div class="lanes">
      {frame.lanes.map((lane) => (
        <LaneRow key={lane.node ?? ""} lane={lane} frame={frame} />
      ))}
      <div class="lane lane-times">
        <span />
        <span class="lane-ends">
          <span>{formatClock(frame.fromMs)}</span>
          <span>{formatClock((frame.fromMs + frame.toMs) / 2)}</span>
          <span>{formatClock(frame.toMs)}</span>
        </span>
      </div>
    </div>
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}

function LaneRow({ lane, frame }: { readonly lane: Lane; readonly frame: LaneFrame }): VNode {
  const moment = momentMs.value;
  const isInside = moment !== undefined && moment >= frame.fromMs && moment <= frame.toMs;
  return (
    <div class="lane">
      <span class="lane-name">{lane.node ?? say(INCIDENTS.wholeCluster)}</span>
      <div class="lane-line">
        {lane.stretches.map((stretch, row) => (
          <span
            key={stretch.key}
            class={`lane-bar tone-${SEVERITY_TONE[stretch.severity]}`}
            title={stretch.code}
            style={{
              left: percent(stretch.from),
              width: percent(Math.max(0.004, stretch.to - stretch.from)),
              top: `${row * 17 + 2}px`,
            }}
          >
            {stretch.code}
          </span>
        ))}
        <span class="lane-space" style={{ height: `${lane.stretches.length * 17 + 4}px` }} />
        <div class="lane-marks">
          {lane.entries.map(({ entry, share }, index) => (
            <button
              key={index}
              type="button"
              class={`lane-mark is-${entry.kind} tone-${SEVERITY_TONE[entry.severity]}`}
              style={{ left: percent(share) }}
              title={`${formatClock(Date.parse(entry.at))} ${say(entry.text)}`}
              aria-label={`${formatClock(Date.parse(entry.at))} ${say(TIMELINE_KINDS[entry.kind])}: ${say(entry.text)}`}
              onClick={() => scrubTo(Date.parse(entry.at))}
            />
          ))}
        </div>
        {isInside ? (
          <span
            class="lane-moment"
            style={{ left: percent((moment - frame.fromMs) / (frame.toMs - frame.fromMs)) }}
          />
        ) : null}
      </div>
    </div>
  );
}
