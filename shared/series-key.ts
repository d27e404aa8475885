/** The canonical name of a series, the same on both sides: metric{label="value",…} with labels sorted by name. */

export type Labels = Readonly<Record<string, string>>;

/** seriesKey("up", { to: "m2", port: "peer" }) → `up{port="peer",to="m2"}`; no braces without labels. */
export function seriesKey(metric: string, labels: Labels = {}): string {
  const names = Object.keys(labels);
  if (names.length === 0) {
    return metric;
  }
  names.sort();
  const inner = names.map((name) => `${name}="${escape(labels[name] ?? "")}"`).join(",");
  return `${metric}{${inner}}`;
}

export interface SeriesName {
  readonly metric: string;
  readonly labels: Labels;
}

/** The inverse of seriesKey. Text that seriesKey cannot have made yields it all as the metric. */
export function parseSeriesKey(key: string): SeriesName {
  const brace = key.indexOf("{");
  if (brace < 0 || !key.endsWith("}")) {
    return { metric: key, labels: {} };
  }
  const labels: Record<string, string> = {};
  for (const match of key.slice(brace + 1, -1).matchAll(/([^=,]+)="((?:[^"\\]|\\.)*)"/g)) {
    labels[match[1] ?? ""] = (match[2] ?? "").replaceAll(/\\(.)/g, (_, char: string) =>
      char === "n" ? "\n" : char,
    );
  }
  return { metric: key.slice(0, brace), labels };
}

const ESCAPED = /["\\\n]/;

/** Hardly any value needs it, and this runs a thousand times a look. */
function escape(value: string): string {
  return ESCAPED.test(value) ? escapeAll(value) : value;
}

function escapeAll(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
