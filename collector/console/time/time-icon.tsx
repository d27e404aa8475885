/** Signs of the time bar's buttons, drawn: fonts do not all have them. */
import type { VNode } from "preact";

const PATHS = {
  play: "M4 2.5v11l9-5.5Z",
  pause: "M4 2.5h3v11H4zM9.5 2.5h3v11h-3z",
  previous: "M3 2.5h2v11H3zM13 2.5v11L5.5 8Z",
  next: "M11 2.5h2v11h-2zM3 2.5v11L10.5 8Z",
} as const;

export function TimeIcon({ name }: { readonly name: keyof typeof PATHS }): VNode {
  return (
    <svg class="time-icon" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
