/**
 * Frames in memory ⇄ frames on the wire, where series and probes are numbers of a dictionary that one stream (or one
 * database) fills. Pure; one encoder and one decoder live exactly as long as their stream.
 */
import { create } from "@bufbuild/protobuf";
import { EtcdscopeError } from "./errors.ts";
import type { Frame, FrameLoss, ProbeRunRecord, Sample } from "./frame.ts";
import {
  FrameSchema,
  LabelSchema,
  LossSchema,
  ProbeDefinitionSchema,
  ProbeRunSchema,
  SeriesDefinitionSchema,
  type Frame as WireFrame,
  type Loss,
  type ProbeDefinition,
  type ProbeRun,
  type SeriesDefinition,
} from "./gen/etcdscope/v1/stream_pb.js";
import { checkProbeDefinition, checkSeriesDefinition, LIMITS } from "./limits.ts";
import { createInterned } from "./interned.ts";
import { parseSeriesKey, seriesKey } from "./series-key.ts";

/** A frame with numbered samples and probe runs, without definitions. */
export interface Numbering {
  /** The number of a series, or 0 to leave its samples out. */
  series(key: string): number;
  /** The number of a probe and target, or 0 to leave its runs out. */
  probe(probe: string, target: string): number;
}

/** Names by number: what a decoder looks up. Holes are numbers that were never defined. */
export interface NumberedNames {
  readonly seriesKeys: readonly (string | undefined)[];
  readonly probes: readonly (ProbeName | undefined)[];
}

export interface ProbeName {
  readonly probe: string;
  readonly target: string;
}

/** The wire form of a frame under a numbering; definitions are the caller's to add. */
export function numberFrame(frame: Frame, numbering: Numbering): WireFrame {
  const sampleSeries: number[] = [];
  const sampleValues: number[] = [];
  for (const sample of frame.samples) {
    const id = numbering.series(sample.key);
    if (id !== 0) {
      sampleSeries.push(id);
      sampleValues.push(sample.value);
    }
  }
  const probeRuns: ProbeRun[] = [];
  for (const run of frame.probeRuns) {
    const probeId = numbering.probe(run.probe, run.target);
    if (probeId !== 0) {
      const { outcome, durationUs, errorCode, errorText, ageMs } = run;
      probeRuns.push(
        create(ProbeRunSchema, {
          probeId,
          outcome,
          durationUs: uint32(durationUs),
          errorCode,
          errorText,
          ageMs: uint32(ageMs),
        }),
      );
    }
  }
  const wire = create(FrameSchema);
  wire.sequence = frame.sequence;
  wire.capturedAtUnixMs = BigInt(Math.round(frame.capturedAtMs));
  wire.monotonicUs = BigInt(Math.round(frame.monotonicUs));
  wire.keyframe = frame.keyframe;
  wire.sampleSeries = sampleSeries;
  wire.sampleValues = sampleValues;
  wire.facts = [...frame.facts];
  wire.events = [...frame.events];
  wire.probeRuns = probeRuns;
  wire.droppedTotal = frame.droppedTotal;
  if (frame.clockOffset !== undefined) {
    wire.clockOffsetUs = BigInt(Math.round(frame.clockOffset.offsetUs));
    wire.clockRoundTripUs = uint32(frame.clockOffset.roundTripUs);
  }
  if (frame.loss !== undefined) {
    const { frames, fromMs, toMs, reason } = frame.loss;
    wire.loss = create(LossSchema, {
      frames: BigInt(frames),
      fromUnixMs: BigInt(Math.round(fromMs)),
      toUnixMs: BigInt(Math.round(toMs)),
      reason,
    });
  }
  wire.waiting = BigInt(frame.waiting ?? 0);
  return wire;
}

/** The inverse of numberFrame. A number without a name is a PROTOCOL_ERROR. */
export function nameFrame(wire: WireFrame, names: NumberedNames): Frame {
  const { sampleSeries, sampleValues } = wire;
  if (sampleSeries.length !== sampleValues.length) {
    throw protocolError(
      `Expected as many sample values as series, got ${sampleValues.length} and ${sampleSeries.length}`,
    );
  }
  const samples: Sample[] = [];
  for (let i = 0; i < sampleSeries.length; i += 1) {
    const key = names.seriesKeys[sampleSeries[i] ?? 0];
    if (key === undefined) {
      throw protocolError(`Expected a defined series, got number ${sampleSeries[i]}`);
    }
    samples.push({ key, value: sampleValues[i] ?? 0 });
  }
  const probeRuns: ProbeRunRecord[] = [];
  for (const run of wire.probeRuns) {
    const name = names.probes[run.probeId];
    if (name === undefined) {
      throw protocolError(`Expected a defined probe, got number ${run.probeId}`);
    }
    const { outcome, durationUs, errorCode, errorText, ageMs } = run;
    if (outcome < 0) {
      throw protocolError(`Expected an outcome from 0 on, got ${outcome}`);
    }
    probeRuns.push({
      probe: name.probe,
      target: name.target,
      outcome,
      durationUs,
      errorCode,
      errorText,
      ageMs,
    });
  }
  return {
    sequence: wire.sequence,
    capturedAtMs: Number(wire.capturedAtUnixMs),
    monotonicUs: Number(wire.monotonicUs),
    keyframe: wire.keyframe,
    samples,
    facts: wire.facts,
    events: wire.events,
    probeRuns,
    droppedTotal: wire.droppedTotal,
    clockOffset:
      wire.clockOffsetUs === undefined
        ? undefined
        : { offsetUs: Number(wire.clockOffsetUs), roundTripUs: wire.clockRoundTripUs },
    ...(wire.loss === undefined ? {} : { loss: nameLoss(wire.loss) }),
    ...(wire.waiting === 0n ? {} : { waiting: Number(wire.waiting) }),
  };
}

function nameLoss(loss: Loss): FrameLoss {
  const { frames, fromUnixMs, toUnixMs, reason } = loss;
  return { frames: Number(frames), fromMs: Number(fromUnixMs), toMs: Number(toUnixMs), reason };
}

export interface FrameEncoder {
  /** The wire form, with the definitions that the stream has not seen yet. */
  encode(frame: Frame): WireFrame;
  /** The last frame is not sent: what it defined is defined anew when it is used again. */
  withdraw(): void;
  /** Series and probes left out since the stream began, because they break a limit or the dictionary is full. */
  leftOutTotal(): number;
}

/** The sending end of one stream's dictionaries. Never yields what the limits refuse. */
export function createFrameEncoder(): FrameEncoder {
  const seriesIds = new Map<string, number>();
  const probeIds = new Map<string, number>();
  let nextSeriesId = 1;
  let nextProbeId = 1;
  let keyBytes = 0;
  let leftOut = 0;
  let newSeries: SeriesDefinition[] = [];
  let newProbes: ProbeDefinition[] = [];
  /** Their keys. */
  let newSeriesKeys: string[] = [];
  let newProbeKeys: string[] = [];

  function series(key: string): number {
    const known = seriesIds.get(key);
    if (known !== undefined) {
      leftOut += known === 0 ? 1 : 0;
      return known;
    }
    const definition = defineSeries(nextSeriesId, key);
    const isFull =
      nextSeriesId > LIMITS.dictionaryEntries || keyBytes + Buffer.byteLength(key) > LIMITS.dictionaryBytes;
    if (isFull || checkSeriesDefinition(definition) !== undefined) {
      leftOut += 1;
      if (seriesIds.size < 2 * LIMITS.dictionaryEntries) {
        seriesIds.set(key, 0);
      }
      return 0;
    }
    seriesIds.set(key, nextSeriesId);
    keyBytes += Buffer.byteLength(key);
    newSeries.push(definition);
    newSeriesKeys.push(key);
    nextSeriesId += 1;
    return definition.id;
  }

  function probe(name: string, target: string): number {
    const key = `${name}\u0000${target}`;
    const known = probeIds.get(key);
    if (known !== undefined) {
      return known;
    }
    const definition = create(ProbeDefinitionSchema, { id: nextProbeId, probe: name, target });
    if (nextProbeId > LIMITS.dictionaryEntries || checkProbeDefinition(definition) !== undefined) {
      leftOut += 1;
      return 0;
    }
    probeIds.set(key, nextProbeId);
    newProbes.push(definition);
    newProbeKeys.push(key);
    nextProbeId += 1;
    return definition.id;
  }

  function encode(frame: Frame): WireFrame {
    newSeries = [];
    newProbes = [];
    newSeriesKeys = [];
    newProbeKeys = [];
    const wire = numberFrame(frame, { series, probe });
    wire.series = newSeries;
    wire.probes = newProbes;
    return wire;
  }

  function withdraw(): void {
    for (const key of newSeriesKeys.splice(0)) {
      seriesIds.delete(key);
      keyBytes -= Buffer.byteLength(key);
      nextSeriesId -= 1;
    }
    for (const key of newProbeKeys.splice(0)) {
      probeIds.delete(key);
      nextProbeId -= 1;
    }
  }

  return { encode, withdraw, leftOutTotal: () => leftOut };
}

/** The receiving end. Throws LIMIT_EXCEEDED or PROTOCOL_ERROR, after which the stream must end. */
export interface FrameDecoder {
  decode(wire: WireFrame): Frame;
}

/** The same few hundred in each of thousands of streams. */
const internKey = createInterned((key) => key);
/** By JSON of probe and target. */
const internProbe = createInterned((name): ProbeName => {
  const [probe = "", target = ""] = JSON.parse(name) as readonly string[];
  return { probe, target };
});

export function createFrameDecoder(): FrameDecoder {
  const seriesKeys: (string | undefined)[] = [undefined];
  const probes: (ProbeName | undefined)[] = [undefined];
  let keyBytes = 0;

  function decode(wire: WireFrame): Frame {
    for (const definition of wire.series) {
      refuse(checkSeriesDefinition(definition));
      const labels: [string, string][] = definition.labels.map((label) => [label.name, label.value]);
      const key = internKey(seriesKey(definition.metric, Object.fromEntries(labels)));
      keyBytes += Buffer.byteLength(key);
      refuse(
        keyBytes > LIMITS.dictionaryBytes
          ? `Expected series keys of at most ${LIMITS.dictionaryBytes} bytes a stream, got more`
          : undefined,
      );
      admit(seriesKeys, definition.id, key);
    }
    for (const definition of wire.probes) {
      refuse(checkProbeDefinition(definition));
      const { id, probe, target } = definition;
      admit(probes, id, internProbe(JSON.stringify([probe, target])));
    }
    return nameFrame(wire, { seriesKeys, probes });
  }

  return { decode };
}

/** Numbers are dense, so that a dictionary is an array and cannot be blown up by one large number. */
function admit<T>(entries: (T | undefined)[], id: number, entry: T): void {
  if (id < 1 || id > LIMITS.dictionaryEntries) {
    throw new EtcdscopeError(
      "LIMIT_EXCEEDED",
      `Expected dictionary numbers from 1 to ${LIMITS.dictionaryEntries}, got ${id}`,
    );
  }
  while (entries.length <= id) {
    entries.push(undefined);
  }
  entries[id] = entry;
}

function refuse(problem: string | undefined): void {
  if (problem !== undefined) {
    throw new EtcdscopeError("LIMIT_EXCEEDED", problem);
  }
}

function defineSeries(id: number, key: string): SeriesDefinition {
  const { metric, labels } = parseSeriesKey(key);
  return create(SeriesDefinitionSchema, {
    id,
    metric,
    labels: Object.keys(labels).map((name) => create(LabelSchema, { name, value: labels[name] ?? "" })),
  });
}

function uint32(value: number): number {
  return Math.min(0xffff_ffff, Math.max(0, Math.round(value) || 0));
}

function protocolError(message: string): EtcdscopeError {
  return new EtcdscopeError("PROTOCOL_ERROR", message);
}
