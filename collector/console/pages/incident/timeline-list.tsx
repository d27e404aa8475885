/** The timeline line by line, over all nodes. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { TimelineEntry } from "../../../../shared/rest-incident.ts";
import { SEVERITY_WORDS } from "../../../../shared/state-words.ts";
import { formatClock } from "../../format/format-time.ts";
import { INCIDENTS, TIMELINE_KINDS } from "../../i18n/catalogue/incidents.ts";
import { say } from "../../i18n/language.ts";
import { Glyph } from "../../parts/glyph.tsx";
import { SEVERITY_TONE } from "../../parts/tones.ts";
import { scrubTo } from "../../time/scrub.ts";

/** So many at first; the rest on request. */
const SHOWN = 40;

export function TimelineList({ timeline }: { readonly timeline: readonly TimelineEntry[] }): VNode {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? timeline : timeline.slice(0, SHOWN);
  return (
    <>
      <h3 class="timeline-head">{say(INCIDENTS.list)}</h3>
      <ol class="timeline">
        {shown.map((entry, index) => (
          <li key={index}>
            <button
              type="button"
              class="button quiet small timeline-time"
              title={entry.isClockMeasured ? entry.at : say(INCIDENTS.unsureClock)}
              onClick={() => scrubTo(Date.parse(entry.at))}
            >
              {formatClock(Date.parse(entry.at))}
              {entry.isClockMeasured ? "" : " ~"}
            </button>
            <Glyph tone={SEVERITY_TONE[entry.severity]} label={say(SEVERITY_WORDS[entry.severity])} />
            <b class="timeline-node">{entry.node ?? say(INCIDENTS.wholeCluster)}</b>
            <span class="timeline-text">{say(entry.text)}</span>
            <span class="faint timeline-kind">{say(TIMELINE_KINDS[entry.kind])}</span>
          </li>
        ))}
      </ol>
      {shown.length === timeline.length ? null : (
        <button type="button" class="button" onClick={() => setWhole(true)}>
          + {timeline.length - shown.length}
        </button>
      )}
    </>
  );
}
