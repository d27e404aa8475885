/** Moves the page to another moment, never faster than the page can follow: the latest wish wins, one is asked at a time. */
import { signal } from "@preact/signals";
import { formatTimestamp } from "../../../shared/parse-timestamp.ts";
import { clusterPath } from "../data/cluster-resources.ts";
import { settle } from "../data/resource.ts";
import { currentCluster, momentMs, setMoment } from "../route/place.ts";

/** Where the handle is, ahead of what the page shows; undefined: it is where the page is. */
export const handleMs = signal<number | undefined>(undefined);

let isFollowing = false;

export function scrubTo(atMs: number): void {
  handleMs.value = Math.round(atMs);
  if (!isFollowing) {
    isFollowing = true;
    void follow().finally(() => {
      isFollowing = false;
    });
  }
}

async function follow(): Promise<void> {
  while (handleMs.value !== undefined) {
    const wished = handleMs.value;
    const cluster = currentCluster.value;
    if (cluster === undefined) {
      handleMs.value = undefined;
      return;
    }
    await settle(`${clusterPath(cluster)}?at=${formatTimestamp(wished)}`);
    if (handleMs.value === undefined) {
      // Back to the present meanwhile.
      return;
    }
    setMoment(wished);
    if (handleMs.value === wished) {
      handleMs.value = undefined;
    }
  }
}

export function backToLive(): void {
  handleMs.value = undefined;
  setMoment(undefined);
}

/** What the bar shows as its moment. */
export function shownMs(): number | undefined {
  return handleMs.value ?? momentMs.value;
}
