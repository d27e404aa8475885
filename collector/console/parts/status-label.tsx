/** A state: its sign and its word. */
import type { VNode } from "preact";
import { Glyph } from "./glyph.tsx";
import type { Tone } from "./tone.ts";

export interface StatusLabelProps {
  readonly tone: Tone;
  readonly text: string;
  readonly title?: string;
}

export function StatusLabel({ tone, text, title }: StatusLabelProps): VNode {
  return (
    <span class={`status tone-${tone}`} title={title}>
      <Glyph tone={tone} />
      <span>{text}</span>
    </span>
  );
}
