/** What stands where there is nothing to show: why, and what to do about it. */
import type { ComponentChildren, VNode } from "preact";
import type { Text } from "../../../shared/text.ts";
import type { Resource } from "../data/resource.ts";
import { FRAME } from "../i18n/catalogue/frame.ts";
import { say } from "../i18n/language.ts";
import { Glyph } from "./glyph.tsx";
import type { Tone } from "./tone.ts";

export interface NoticeProps {
  readonly tone: Tone;
  readonly title: string;
  readonly children?: ComponentChildren;
}

export function Notice({ tone, title, children }: NoticeProps): VNode {
  return (
    <div class={`notice tone-${tone}`}>
      <Glyph tone={tone} />
      <div>
        <p class="notice-title">{title}</p>
        {children}
      </div>
    </div>
  );
}

/** Bars in the place of what is on its way; they stay away for the first moment, so that a fast answer does not blink. */
export function Loading({ rows = 3 }: { readonly rows?: number }): VNode {
  return (
    <div class="loading" role="status">
      <span class="unseen">{say(FRAME.loading)}</span>
      {Array.from({ length: rows }, (_, row) => (
        <span class="loading-bar" key={row} />
      ))}
    </div>
  );
}

export interface ResourceNoticeProps {
  readonly resource: Resource<unknown>;
  readonly rows?: number;
}

/** For a resource that has no answer to show: loading, refused, or silent. */
export function ResourceNotice({ resource, rows = 3 }: ResourceNoticeProps): VNode {
  if (resource.problem !== undefined) {
    const { status, title, detail } = resource.problem;
    const tone = status === 404 ? "unknown" : "bad";
    return (
      <Notice tone={tone} title={say(titleOf(status)) || title}>
        <p class="notice-detail">{detail}</p>
      </Notice>
    );
  }
  if (resource.silentBecause !== undefined) {
    return (
      <Notice tone="bad" title={say(FRAME.noAnswer)}>
        <p class="notice-detail">{resource.silentBecause}</p>
        <p>{say(FRAME.retrying)}</p>
      </Notice>
    );
  }
  return <Loading rows={rows} />;
}

function titleOf(status: number): Text {
  switch (status) {
    case 401:
      return FRAME.tokenNeeded;
    case 403:
      return FRAME.forbidden;
    case 404:
      return FRAME.nothingThere;
    case 503:
      return FRAME.notYet;
    default:
      return FRAME.refused;
  }
}
