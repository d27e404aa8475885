/**
 * The keys of series that rules ask for, each written once: a look asks some hundred times for the same few hundred, and to
 * write and hash one anew costs more than to find it.
 */
import type { Labels } from "../../shared/series-key.ts";
import { seriesKey } from "../../shared/series-key.ts";

/** A way through the names and values of labels, in the order in which they are written at the place that asks. */
interface Branch {
  key: string | undefined;
  next: Map<string, Branch> | undefined;
}

/** Devices, peers and members come and go; then all begins anew. Enough for the peers of a thousand clusters, in some 20 MB. */
export const MAX_BRANCHES = 200_000;

const root: Branch = { key: undefined, next: undefined };
let branches = 0;

/** What seriesKey answers. */
export function knownSeriesKey(metric: string, labels: Labels | undefined): string {
  if (labels === undefined) {
    return metric;
  }
  let branch = follow(root, metric);
  for (const name in labels) {
    branch = follow(follow(branch, name), labels[name] ?? "");
  }
  branch.key ??= seriesKey(metric, labels);
  return branch.key;
}

function follow(from: Branch, step: string): Branch {
  const known = from.next?.get(step);
  if (known !== undefined) {
    return known;
  }
  if (branches >= MAX_BRANCHES) {
    root.next = undefined;
    branches = 0;
  }
  branches += 1;
  const branch: Branch = { key: undefined, next: undefined };
  from.next ??= new Map();
  from.next.set(step, branch);
  return branch;
}
