/** The same frames as Prometheus remote writes: what the peers are fed with. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { encodeWriteRequest } from "../../collector/output/write-request.ts";
import { snappyLiteral } from "../../collector/output/snappy.ts";
import type { ReceivedFrame } from "../../shared/frame.ts";

/** Throws when it is refused. */
export async function writeRemotely(url: string, frames: readonly ReceivedFrame[]): Promise<number> {
  const { bytes, samples } = encodeWriteRequest(frames);
  const answer = await fetch(`${url}/api/v1/write`, {
    method: "POST",
    headers: {
      "content-encoding": "snappy",
      "content-type": "application/x-protobuf",
      "x-prometheus-remote-write-version": "0.1.0",
    },
    body: Buffer.from(snappyLiteral(bytes)),
  });
  const text = await answer.text();
  if (!answer.ok) {
    throw new Error(`${url} refused a write with ${answer.status}: ${text.slice(0, 200)}`);
  }
  return samples;
}

/** The largest value of each step (or the smallest), as a chart needs it; the time that the answer took. */
export async function queryRange(
  url: string,
  query: string,
  span: {
    readonly fromMs: number;
    readonly toMs: number;
    readonly points: number;
    readonly of?: "max_over_time" | "min_over_time";
  },
): Promise<number> {
  const step = Math.max(1, Math.round((span.toMs - span.fromMs) / span.points / 1000));
  const parameters = new URLSearchParams({
    query: `${span.of ?? "max_over_time"}(${query}[${step}s])`,
    start: String(span.fromMs / 1000),
    end: String(span.toMs / 1000),
    step: String(step),
    nocache: "1",
  });
  const startedMs = performance.now();
  const answer = await fetch(`${url}/api/v1/query_range?${parameters.toString()}`);
  const text = await answer.text();
  const tookMs = performance.now() - startedMs;
  if (!answer.ok || !text.includes('"values"')) {
    throw new Error(`${url} has no answer to ${query}: ${text.slice(0, 200)}`);
  }
  return tookMs;
}

/** Bytes of every file below a folder, by the name of the folder's own entry that it is in. */
export function measureFolder(path: string): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const entry of readdirSync(path, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) {
      const whole = join(entry.parentPath, entry.name);
      const [top = ""] = whole.slice(path.length + 1).split("/");
      sizes.set(top, (sizes.get(top) ?? 0) + statSync(whole).size);
    }
  }
  return sizes;
}
