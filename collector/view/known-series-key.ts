/**
 * The keys of series that rules ask for, each written once: a look asks some hundred times for the same few hundred, and to
 * write and hash one anew costs more than to find it.
 */
import type { Labels } from "../../shared/series-key.ts";
import { seriesKey } from "../../shared/series-key.ts";

/** A way through the names and values of labels, in the order in which they are written at the place that asks. */
interface Branch {
  key: string | undefined;
  readonly next: Map<string, Branch>;
}

/** Devices, peers and members come and go; then all begins anew. */
export const MAX_BRANCHES = 100_000;

const roots = new Map<string, Branch>();
let branches = 0;

/** What seriesKey answers. */
export function knownSeriesKey(metric: string, labels: Labels | undefined): string {
  if (labels === undefined) {
    return metric;
  }
  let branch = follow(roots, metric);
  for (const name in labels) {
    branch = follow(follow(branch.next, name).next, labels[name] ?? "");
  }
  branch.key ??= seriesKey(metric, labels);
  return branch.key;
}

function follow(from: Map<string, Branch>, step: string): Branch {
  const known = from.get(step);
  if (known !== undefined) {
    return known;
  }
  if (branches >= MAX_BRANCHES) {
    roots.clear();
    branches = 0;
  }
  branches += 1;
  const branch: Branch = { key: undefined, next: new Map() };
  from.set(step, branch);
  return branch;
}
