/**
 * The limits of the wire contract, as proto/etcdscope/v1/stream.proto states them, and the checks that hold a message
 * to them. The collector refuses what breaks one; the agent never sends it.
 */
import { toBinary } from "@bufbuild/protobuf";
import { EventSchema, FactSchema } from "./gen/etcdscope/v1/fact_pb.js";
import type {
  Frame as WireFrame,
  Hello,
  ProbeDefinition,
  SeriesDefinition,
} from "./gen/etcdscope/v1/stream_pb.js";

export const LIMITS = {
  messageBytes: 4 * 1024 * 1024,
  clusterCharacters: 63,
  nodeCharacters: 253,
  helloStringBytes: 128,
  dictionaryEntries: 20_000,
  /** Of the series' keys of one stream: the collector holds them for as long as the stream lasts. */
  dictionaryBytes: 8 * 1024 * 1024,
  metricBytes: 128,
  labelNameBytes: 64,
  labelValueBytes: 512,
  labelsPerSeries: 16,
  framesPerBatch: 256,
  samplesPerFrame: 20_000,
  factsPerFrame: 2000,
  eventsPerFrame: 2000,
  probeRunsPerFrame: 2000,
  documentBytes: 256 * 1024,
  stringBytes: 16 * 1024,
  /** Ranges in a Welcome; an agent that finds more fills the oldest gaps first. */
  heldRanges: 1000,
  framesPerSecond: 200,
  /** Time over which framesPerSecond is averaged: the burst that is let through is framesPerSecond times this. */
  frameRateWindowSeconds: 10,
} as const;

const NAME = /^[A-Za-z0-9._-]+$/;
/** Prometheus' own rules, so that a series' key can always be taken apart again. */
const METRIC_NAME = /^[A-Za-z_:][A-Za-z0-9_:]*$/;
const LABEL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** UTF-8 length; the character count is a cheap lower bound that settles nearly every case. */
export function isLongerThan(text: string, bytes: number): boolean {
  if (text.length * 3 <= bytes) {
    return false;
  }
  return text.length > bytes || Buffer.byteLength(text) > bytes;
}

/** Whether a text may name a cluster or a node: also a part of a path, which "." and ".." would leave. */
export function isName(text: string, maxCharacters: number): boolean {
  return text.length <= maxCharacters && NAME.test(text) && text !== "." && text !== "..";
}

/** What is wrong with a Hello, or undefined. */
export function checkHello(hello: Hello): string | undefined {
  if (!isName(hello.cluster, LIMITS.clusterCharacters)) {
    return `Expected a cluster name of 1 to ${LIMITS.clusterCharacters} characters of A-Z a-z 0-9 . _ -`;
  }
  if (!isName(hello.node, LIMITS.nodeCharacters)) {
    return `Expected a node name of 1 to ${LIMITS.nodeCharacters} characters of A-Z a-z 0-9 . _ -`;
  }
  if (hello.instanceId === "") {
    return "Expected an instance id, got none";
  }
  for (const text of [hello.agentVersion, hello.bootId, hello.instanceId]) {
    if (isLongerThan(text, LIMITS.helloStringBytes)) {
      return `Expected version, boot id and instance id of at most ${LIMITS.helloStringBytes} bytes`;
    }
  }
  return undefined;
}

/** Whether a series may enter a stream's dictionary: undefined, or why not. */
export function checkSeriesDefinition(series: SeriesDefinition): string | undefined {
  if (series.metric.length > LIMITS.metricBytes || !METRIC_NAME.test(series.metric)) {
    return `Expected a metric name of 1 to ${LIMITS.metricBytes} characters of A-Z a-z 0-9 _ :`;
  }
  if (series.labels.length > LIMITS.labelsPerSeries) {
    return `Expected at most ${LIMITS.labelsPerSeries} labels a series, got ${series.labels.length}`;
  }
  for (const label of series.labels) {
    if (label.name.length > LIMITS.labelNameBytes || !LABEL_NAME.test(label.name)) {
      return `Expected label names of 1 to ${LIMITS.labelNameBytes} characters of A-Z a-z 0-9 _`;
    }
    if (isLongerThan(label.value, LIMITS.labelValueBytes)) {
      return `Expected label values of at most ${LIMITS.labelValueBytes} bytes`;
    }
  }
  return undefined;
}

/** Whether a probe may enter a stream's dictionary: undefined, or why not. */
export function checkProbeDefinition(definition: ProbeDefinition): string | undefined {
  if (definition.probe === "" || isLongerThan(definition.probe, LIMITS.metricBytes)) {
    return `Expected a probe name of 1 to ${LIMITS.metricBytes} bytes`;
  }
  return isLongerThan(definition.target, LIMITS.labelValueBytes)
    ? `Expected a probe target of at most ${LIMITS.labelValueBytes} bytes`
    : undefined;
}

/**
 * What is wrong with a frame that took `wireBytes` on the wire, or undefined. Definitions are checked by the decoder,
 * which knows the dictionary that they go into.
 */
export function checkFrame(frame: WireFrame, wireBytes: number): string | undefined {
  const counts: readonly (readonly [string, number, number])[] = [
    ["samples", frame.sampleSeries.length, LIMITS.samplesPerFrame],
    ["facts", frame.facts.length, LIMITS.factsPerFrame],
    ["events", frame.events.length, LIMITS.eventsPerFrame],
    ["probe runs", frame.probeRuns.length, LIMITS.probeRunsPerFrame],
  ];
  for (const [what, count, limit] of counts) {
    if (count > limit) {
      return `Expected at most ${limit} ${what} a frame, got ${count}`;
    }
  }
  // Nothing inside of a message is longer than the message.
  return wireBytes <= LIMITS.stringBytes ? undefined : checkLongParts(frame);
}

function checkLongParts(frame: WireFrame): string | undefined {
  for (const run of frame.probeRuns) {
    if (isLongerThan(run.errorText, LIMITS.stringBytes) || isLongerThan(run.errorCode, LIMITS.stringBytes)) {
      return `Expected strings of at most ${LIMITS.stringBytes} bytes, got a longer probe error`;
    }
  }
  for (const fact of frame.facts) {
    if (hasLongString(fact)) {
      return `Expected strings of at most ${LIMITS.stringBytes} bytes, got a longer one in fact ${JSON.stringify(fact.key.slice(0, 64))}`;
    }
    if (toBinary(FactSchema, fact).length > LIMITS.documentBytes) {
      return `Expected facts of at most ${LIMITS.documentBytes} bytes, got a longer one`;
    }
  }
  for (const event of frame.events) {
    if (hasLongString(event)) {
      return `Expected strings of at most ${LIMITS.stringBytes} bytes, got a longer one in an event`;
    }
    if (toBinary(EventSchema, event).length > LIMITS.documentBytes) {
      return `Expected events of at most ${LIMITS.documentBytes} bytes, got a longer one`;
    }
  }
  return undefined;
}

/** Whether any string inside of a document, at any depth, is longer than the limit. */
export function hasLongString(document: unknown): boolean {
  if (typeof document === "string") {
    return isLongerThan(document, LIMITS.stringBytes);
  }
  if (typeof document !== "object" || document === null || document instanceof Uint8Array) {
    return false;
  }
  return Array.isArray(document)
    ? document.some(hasLongString)
    : Object.entries(document).some(([name, value]) => hasLongString(name) || hasLongString(value));
}
