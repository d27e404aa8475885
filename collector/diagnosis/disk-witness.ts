/**
 * A second opinion on the disk: etcd's own histogram is as slow when etcd gets no CPU, so the agent's fsync probe or the
 * device itself must agree before the disk is blamed.
 */
import { Outcome } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { Text } from "../../shared/text.ts";
import type { NodeView } from "../view/cluster-view.ts";
import { findFact, findPoint, findRun, listPoints } from "../view/node-reading.ts";
import type { Point, RunState } from "../view/node-state.ts";
import { formatDuration } from "./format.ts";

/** On a slow disk the agent probes once a minute; a run takes up to 5 s, and its frame a moment. */
const RARE_PROBE_MS = 70_000;

export interface Witness {
  readonly verdict: "slow" | "fast" | "absent";
  readonly source: string;
  readonly text: Text;
  readonly valueMs: number | undefined;
  readonly atMs: number;
}

/** Time that the disk takes by itself: half of what etcd may take is slow, a quarter for one plain write. */
export function hearWitness(node: NodeView, thresholdMs: number, sinceMs: number): Witness {
  const run = findRun(node.state, "fsync", "");
  const isStuck = run?.outcome === Outcome.TIMED_OUT && run.endedAtMs >= sinceMs;
  if (isStuck) {
    const text = { en: "the probe's fdatasync did not return", zh: "探测的 fdatasync 没有返回" };
    return { verdict: "slow", source: "fsync probe", text, valueMs: undefined, atMs: run.endedAtMs };
  }
  const probed = listProbes(node, run, sinceMs);
  const device = readAwait(node, sinceMs);
  const values = probed.map(({ value }) => value * 1000).sort((one, other) => one - other);
  const medianMs = values[Math.floor(values.length / 2)];
  if (medianMs !== undefined) {
    const shown = formatDuration(medianMs);
    const text = {
      en: `a probe's fdatasync on the same disk takes ${shown.en}`,
      zh: `同一磁盘上探测的 fdatasync 耗时 ${shown.zh}`,
    };
    const isSlow = medianMs >= thresholdMs / 2;
    const atMs = probed.at(-1)?.atMs ?? node.state.atMs;
    if (isSlow || device === undefined || device.awaitMs < thresholdMs / 4) {
      return { verdict: isSlow ? "slow" : "fast", source: "fsync probe", text, valueMs: medianMs, atMs };
    }
  }
  if (device !== undefined) {
    const shown = formatDuration(device.awaitMs);
    const text = {
      en: `a write to ${device.name} takes ${shown.en}`,
      zh: `对 ${device.name} 的一次写入耗时 ${shown.zh}`,
    };
    const verdict = device.awaitMs >= thresholdMs / 4 ? "slow" : "fast";
    return { verdict, source: "diskstats", text, valueMs: device.awaitMs, atMs: device.atMs };
  }
  const reason = run?.errorText || run?.errorCode || "";
  const text = {
    en: `neither the fsync probe nor the device tells how slow the disk is${reason === "" ? "" : ` (${reason})`}`,
    zh: `fsync 探测和设备都没有给出磁盘快慢${reason === "" ? "" : `（${reason}）`}`,
  };
  return { verdict: "absent", source: "fsync probe", text, valueMs: undefined, atMs: node.state.atMs };
}

/** The ones since then; where the probe has become rare, as it does on a slow disk, the newest one. */
function listProbes(node: NodeView, run: RunState | undefined, sinceMs: number): readonly Point[] {
  const name = { metric: "etcdscope_fsync_probe_seconds" };
  const since = listPoints(node.state, name, sinceMs);
  const isRare = since.length === 0 && (run === undefined || run.outcome === Outcome.OK);
  const newest = isRare ? findPoint(node.state, name, node.state.atMs - RARE_PROBE_MS) : undefined;
  return newest === undefined ? since : [newest];
}

interface DeviceAwait {
  readonly name: string;
  readonly awaitMs: number;
  readonly atMs: number;
}

/** Mean time of a write of the WAL's device between its oldest and newest kept look. */
function readAwait(node: NodeView, sinceMs: number): DeviceAwait | undefined {
  const fact =
    findFact(node.state, "filesystem/wal", "filesystem") ??
    findFact(node.state, "filesystem/data", "filesystem");
  const name = fact?.body.device ?? "";
  const labels = { device: name };
  const writes = listPoints(node.state, { metric: "node_disk_writes_completed_total", labels }, sinceMs);
  const times = listPoints(node.state, { metric: "node_disk_write_time_seconds_total", labels }, sinceMs);
  const [firstWrite, lastWrite, firstTime, lastTime] = [writes[0], writes.at(-1), times[0], times.at(-1)];
  if (name === "" || firstWrite === undefined || lastWrite === undefined || !firstTime || !lastTime) {
    return undefined;
  }
  const count = lastWrite.value - firstWrite.value;
  const seconds = lastTime.value - firstTime.value;
  return count > 0 && seconds >= 0
    ? { name, awaitMs: (seconds / count) * 1000, atMs: lastWrite.atMs }
    : undefined;
}
