/** Says that the collector is silent and how old is what the page shows. */
import type { VNode } from "preact";
import { staleForMs } from "../data/connection.ts";
import { formatDuration } from "../format/format-duration.ts";
import { FRAME } from "../i18n/catalogue/frame.ts";
import { say } from "../i18n/language.ts";
import { Glyph } from "./glyph.tsx";

export function StaleBanner(): VNode | null {
  const ageMs = staleForMs();
  if (ageMs === undefined) {
    return null;
  }
  return (
    <div class="banner tone-bad" role="alert">
      <Glyph tone="bad" />
      <b>
        {say(FRAME.staleFor)} {say(formatDuration(Math.floor(ageMs / 1_000) * 1_000))}.
      </b>
      <span>{say(FRAME.staleHint)}</span>
    </div>
  );
}
