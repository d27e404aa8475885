/** How busy a cluster was in the last hour, as one small line; asked for when its row comes into view. */
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { formatValue } from "../format/format-value.ts";
import { FLEET } from "../i18n/catalogue/fleet.ts";
import { say } from "../i18n/language.ts";
import { drawSparkline } from "./draw-sparkline.ts";
import { sparklineOf, watchSparkline } from "./sparkline-queue.ts";
import { whileInView } from "./while-in-view.ts";

const SIZE = { width: 110, height: 24 };

export function ClusterSparkline({ cluster }: { readonly cluster: string }): VNode {
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) {
      return undefined;
    }
    return whileInView(element, () => watchSparkline(cluster));
  }, [cluster]);
  const line = sparklineOf(cluster).value;
  const path = line === undefined ? "" : drawSparkline(line, SIZE);
  return (
    <span class="fleet-spark" ref={place}>
      {line === undefined || path === "" ? (
        <span class="faint">{line === undefined ? "" : "–"}</span>
      ) : (
        <svg
          class="sparkline"
          viewBox={`0 0 ${SIZE.width} ${SIZE.height}`}
          width={SIZE.width}
          height={SIZE.height}
          role="img"
          aria-label={describe(line)}
        >
          <title>{describe(line)}</title>
          <path d={path} />
        </svg>
      )}
    </span>
  );
}

function describe(line: readonly (number | null)[]): string {
  const known = line.filter((value) => value !== null);
  const last = known.at(-1) ?? Number.NaN;
  return `${say(FLEET.busyHour)}: ${say(FLEET.most)} ${formatValue(Math.max(...known), "proposals/s")}, ${say(
    FLEET.last,
  )} ${formatValue(last, "proposals/s")}`;
}
