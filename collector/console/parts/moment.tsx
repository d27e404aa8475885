/** A moment with its age; the machine-readable form goes along for whoever copies or hovers. */
import type { VNode } from "preact";
import { nowMs } from "../data/browser-clock.ts";
import { formatAgo } from "../format/format-duration.ts";
import { formatMoment } from "../format/format-time.ts";
import { say } from "../i18n/language.ts";
import { momentMs } from "../route/place.ts";

export interface MomentProps {
  /** RFC 3339 */
  readonly at: string;
  readonly withAge?: boolean;
}

export function Moment({ at, withAge = false }: MomentProps): VNode {
  const atMs = Date.parse(at);
  const now = momentMs.value ?? nowMs();
  return (
    <time class="moment" dateTime={at} title={at}>
      {formatMoment(atMs, nowMs())}
      {withAge ? <span class="faint"> · {say(formatAgo(now - atMs))}</span> : null}
    </time>
  );
}
