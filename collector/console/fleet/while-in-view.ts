/** Tells when elements come into view and leave it; one observer for all, however many rows there are. */

type Leave = () => unknown;

interface Watched {
  readonly enter: () => Leave;
  leave: Leave | undefined;
}

const watched = new WeakMap<Element, Watched>();

const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const one = watched.get(target);
    if (one !== undefined) {
      one.leave?.();
      one.leave = isIntersecting ? one.enter() : undefined;
    }
  }
});

/** `enter` is called each time that the element comes into view, and what it returned when that ends. */
export function whileInView(element: Element, enter: () => Leave): () => void {
  watched.set(element, { enter, leave: undefined });
  observer.observe(element);
  return () => {
    observer.unobserve(element);
    watched.get(element)?.leave?.();
    watched.delete(element);
  };
}
