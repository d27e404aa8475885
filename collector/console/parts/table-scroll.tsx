/** A table that may be wider than its place: it scrolls there, by the keyboard too, and the page never does. */
import type { ComponentChildren, VNode } from "preact";

export interface TableScrollProps {
  readonly label: string;
  readonly children: ComponentChildren;
}

export function TableScroll({ label, children }: TableScrollProps): VNode {
  return (
    <div class="table-scroll" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
