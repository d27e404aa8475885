/** A titled part of a page, which a screen reader lists among the page's regions. */
import type { ComponentChildren, VNode } from "preact";
import { useId } from "preact/hooks";

export interface CardProps {
  readonly title: string;
  /** Beside the title, on the right. */
  readonly aside?: ComponentChildren;
  readonly class?: string;
  /** The card is the whole page, and its title the page's. */
  readonly isPage?: boolean;
  readonly children: ComponentChildren;
}

export function Card({ title, aside, class: extra = "", isPage = false, children }: CardProps): VNode {
  const id = useId();
  return (
    <section class={`card ${extra}`} aria-labelledby={id}>
      <header class="card-head">
        {isPage ? <h1 id={id}>{title}</h1> : <h2 id={id}>{title}</h2>}
        {aside === undefined ? null : <div class="card-aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}
