/** The five signs of the console. Each has a shape of its own: colour is never the only difference. */
import type { ComponentChildren, VNode } from "preact";
import type { Tone } from "./tone.ts";

const SHAPES: Readonly<Record<Tone, ComponentChildren>> = {
  ok: (
    <>
      <circle cx="8" cy="8" r="6.4" />
      <path d="m5.2 8.2 2 2 3.7-4.3" />
    </>
  ),
  warn: (
    <>
      <path d="M8 1.9 14.8 13.8H1.2Z" />
      <path d="M8 6.4v3.4M8 11.6v.4" />
    </>
  ),
  bad: (
    <>
      <path d="M5.2 1.4h5.6l3.8 3.8v5.6l-3.8 3.8H5.2L1.4 10.8V5.2Z" />
      <path d="m5.7 5.7 4.6 4.6m0-4.6-4.6 4.6" />
    </>
  ),
  unknown: (
    <>
      <path d="M8 1 15 8 8 15 1 8Z" />
      <path d="M6.4 6.5C6.5 4.4 9.7 4.5 9.6 6.5 9.5 7.7 8 7.7 8 9M8 11v.4" />
    </>
  ),
  info: (
    <>
      <circle cx="8" cy="8" r="6.4" />
      <path d="M8 7.3v4M8 4.6V5" />
    </>
  ),
};

/** Says nothing by itself: a word stands beside it, or `label` names it for those who cannot see it. */
export function Glyph({ tone, label }: { readonly tone: Tone; readonly label?: string }): VNode {
  const named = label === undefined ? { "aria-hidden": true } : { role: "img" as const, "aria-label": label };
  return (
    <svg class={`glyph tone-${tone}`} viewBox="0 0 16 16" width="16" height="16" {...named}>
      {SHAPES[tone]}
    </svg>
  );
}
