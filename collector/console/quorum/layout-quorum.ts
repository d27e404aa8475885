/** Where each member and link of the quorum is drawn. Pure geometry, in the units of the drawing. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  /** Radius of a member's disc. */
  readonly disc: number;
}

export const FRAME_SIZE: Frame = { width: 460, height: 372, disc: 33 };

/** Members of one group stand side by side, so that the outlines of groups do not cross; inside of a group by name. */
export function orderMembers(
  names: readonly string[],
  groups: readonly (readonly string[])[],
): readonly string[] {
  function groupOf(name: string): number {
    const index = groups.findIndex((group) => group.includes(name));
    return index < 0 ? groups.length : index;
  }
  return [...names].sort((left, right) => groupOf(left) - groupOf(right) || left.localeCompare(right));
}

/** On a ring, the first at the top; one alone in the middle, two side by side. */
export function placeMembers(
  ordered: readonly string[],
  { width, height, disc }: Frame,
): ReadonlyMap<string, Point> {
  const middle = { x: width / 2, y: height / 2 };
  // Room for the words below a disc.
  const radius = { x: width / 2 - disc - 44, y: height / 2 - disc - 30 };
  if (ordered.length === 1) {
    return new Map(ordered.map((name) => [name, middle]));
  }
  const turn = ordered.length === 2 ? Math.PI : -Math.PI / 2;
  // A triangle's middle lies higher than its ring's.
  const lift = ordered.length === 3 ? radius.y * 0.12 : 0;
  return new Map(
    ordered.map((name, index) => {
      const angle = turn + (index * 2 * Math.PI) / ordered.length;
      return [
        name,
        {
          x: middle.x + radius.x * Math.cos(angle),
          y: middle.y - 8 + lift + radius.y * Math.sin(angle),
        },
      ];
    }),
  );
}

export interface Arc {
  readonly path: string;
  /** Where a word or sign of the link stands. */
  readonly middle: Point;
}

/** How far the two directions of a link bow apart. */
const BOW = 15;
/** Between a disc's edge and the end of an arrow. */
const GAP = 7;

/** From the edge of one disc to the edge of the other, bowed to the left of its way, so that both directions are seen. */
export function drawArc(from: Point, to: Point, disc: number): Arc {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const along = { x: (to.x - from.x) / length, y: (to.y - from.y) / length };
  const aside = { x: along.y, y: -along.x };
  const trim = disc + GAP;
  const shift = BOW * 0.45;
  const start = {
    x: from.x + along.x * trim + aside.x * shift,
    y: from.y + along.y * trim + aside.y * shift,
  };
  const end = { x: to.x - along.x * trim + aside.x * shift, y: to.y - along.y * trim + aside.y * shift };
  const control = {
    x: (start.x + end.x) / 2 + aside.x * BOW,
    y: (start.y + end.y) / 2 + aside.y * BOW,
  };
  return {
    path: `M${show(start)} Q${show(control)} ${show(end)}`,
    middle: {
      x: (start.x + end.x) / 4 + control.x / 2,
      y: (start.y + end.y) / 4 + control.y / 2,
    },
  };
}

/** Through the members of a group; drawn with a broad round stroke it is the group's outline. */
export function outlineGroup(points: readonly Point[]): string {
  return points.length === 0 ? "" : `M${points.map(show).join(" L")} Z`;
}

function show({ x, y }: Point): string {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}
