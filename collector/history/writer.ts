/** What the writer's thread does to the database. Every call is one transaction, durable when it returns. */
import { parseSeriesKey } from "../../shared/series-key.ts";
import type { Finding } from "../../shared/rest.ts";
import type { SequenceRange } from "../../shared/sequence-set.ts";
import { createBlockWriter } from "./block-writer.ts";
import type { Db } from "./database.ts";
import { createDocumentWriter } from "./document-writer.ts";
import { compressBlob } from "./frame-blob.ts";
import { createHeldSequences } from "./held-sequences.ts";
import type { NameTable } from "./name-dictionary.ts";
import { createRetention } from "./retention.ts";
import {
  ROW,
  ROW_WIDTH,
  type AppendRequest,
  type BatchStream,
  type FrameBatch,
  type RetentionAnswer,
  type RetentionRequest,
  type Work,
} from "./worker-protocol.ts";

export interface Writer {
  append(request: AppendRequest): void;
  lastSequence(stream: BatchStream): number;
  heldSequences(stream: BatchStream): readonly SequenceRange[];
  saveFindings(cluster: string, findings: readonly Finding[]): void;
  keepSpan(cluster: string, fromMs: number, toMs: number): void;
  store(work: Work): void;
  retain(request: RetentionRequest): RetentionAnswer;
  names(): NameTable;
}

/** Streams whose rows' numbers are remembered between commits: more than there are. */
const MAX_STREAMS = 20_000;
/** That a run is still heard is written this often: it only tells when the run is old. */
const ADVANCE_EVERY_MS = 60_000;

/** A stream as its rows have it. */
interface NumberedStream {
  readonly agent: number;
  readonly instance: number;
  /** Of the last time that the run's row was written. */
  advancedMs: number;
}

export function createWriter(db: Db): Writer {
  const held = createHeldSequences(db);
  const insertAgent = db.prepare<[string, string]>(
    "INSERT INTO agent (cluster, node) VALUES (?, ?) ON CONFLICT DO NOTHING",
  );
  const selectAgent = db
    .prepare<[string, string], number>("SELECT id FROM agent WHERE cluster = ? AND node = ?")
    .pluck();
  const insertInstance = db.prepare<[number, string]>(
    "INSERT INTO instance (agent, name, agent_version, last_sequence, last_received_ms) VALUES (?, ?, '', 0, 0) ON CONFLICT DO NOTHING",
  );
  const selectInstance = db
    .prepare<[number, string], number>("SELECT id FROM instance WHERE agent = ? AND name = ?")
    .pluck();
  const findInstance = db
    .prepare<[string, string, string], number>(
      `SELECT instance.id FROM instance JOIN agent ON agent.id = instance.agent
       WHERE agent.cluster = ? AND agent.node = ? AND instance.name = ?`,
    )
    .pluck();
  const advanceInstance = db.prepare<[number, number, string, number]>(
    `UPDATE instance SET last_sequence = max(last_sequence, ?), last_received_ms = max(last_received_ms, ?), agent_version = ?
     WHERE id = ?`,
  );
  const insertSeries = db.prepare<[number, string, string]>(
    "INSERT INTO series (id, metric, key) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
  );
  const insertProbe = db.prepare<[number, string, string]>(
    "INSERT INTO probe (id, probe, target) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
  );
  const insertAgentSeries = db.prepare<[number, number]>(
    "INSERT INTO agent_series (agent, series) VALUES (?, ?) ON CONFLICT DO NOTHING",
  );
  const insertFrame = db.prepare<[number, number, number, number, number, number, number, Uint8Array]>(
    `INSERT INTO frame (agent, instance, sequence, captured_ms, received_ms, sample_count, encoding, blob)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const upsertFinding = db.prepare<[string, string, string, string, number, number | null, number, string]>(
    "INSERT OR REPLACE INTO finding (cluster, id, code, subject, since_ms, until_ms, last_seen_ms, json) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const upsertSpan = db.prepare<[string, number, number]>(
    `INSERT INTO kept_span (cluster, from_ms, to_ms) VALUES (?, ?, ?)
     ON CONFLICT (cluster, from_ms) DO UPDATE SET to_ms = max(to_ms, excluded.to_ms)`,
  );
  const documentWriter = createDocumentWriter(db);
  const blocks = createBlockWriter(db);
  const retention = createRetention(db);

  /** By names; what a commit made is forgotten when it fails. */
  const numbered = new Map<string, NumberedStream>();

  function forget(): void {
    numbered.clear();
    held.forget();
  }

  function numberStream(stream: BatchStream): NumberedStream {
    const name = `${stream.cluster}/${stream.node}/${stream.instanceId}/${stream.agentVersion}`;
    const known = numbered.get(name);
    if (known !== undefined) {
      return known;
    }
    insertAgent.run(stream.cluster, stream.node);
    const agent = selectAgent.get(stream.cluster, stream.node) ?? 0;
    insertInstance.run(agent, stream.instanceId);
    const instance = selectInstance.get(agent, stream.instanceId) ?? 0;
    const created = { agent, instance, advancedMs: Number.NEGATIVE_INFINITY };
    if (numbered.size < MAX_STREAMS) {
      numbered.set(name, created);
    }
    return created;
  }

  function append(request: AppendRequest): void {
    const { batch, names } = request;
    for (const { id, name } of names.series) {
      insertSeries.run(id, parseSeriesKey(name).metric, name);
    }
    for (const { id, probe, target } of names.probes) {
      insertProbe.run(id, probe, target);
    }
    const streams = batch.streams.map((stream) => {
      const row = numberStream(stream);
      const { agent, instance } = row;
      return { row, agent, instance, agentVersion: stream.agentVersion, lastSequence: 0, lastReceivedMs: 0 };
    });
    for (let i = 0; i < request.streamSeries.length; i += 2) {
      const stream = streams[request.streamSeries[i] ?? -1];
      if (stream !== undefined) {
        insertAgentSeries.run(stream.agent, request.streamSeries[i + 1] ?? 0);
      }
    }
    const sequences = listSequences(batch);
    // a frame that came twice has its effect once
    const fresh = streams.map(({ instance }, place) => held.take(instance, sequences[place] ?? []));
    const documents = new Map(request.documents.map((one) => [one.row, one]));
    let blobStart = 0;
    for (let at = 0; at < batch.rows.length; at += ROW_WIDTH) {
      const place = batch.rows[at + ROW.stream] ?? -1;
      const stream = streams[place];
      const blobEnd = batch.rows[at + ROW.blobEnd] ?? blobStart;
      const sequence = batch.rows[at + ROW.sequence] ?? 0;
      const receivedMs = batch.rows[at + ROW.receivedMs] ?? 0;
      const blob = batch.blobs.subarray(blobStart, blobEnd);
      blobStart = blobEnd;
      if (stream !== undefined && fresh[place]?.delete(sequence) === true) {
        const { encoding, bytes } = compressBlob(blob);
        const capturedMs = batch.rows[at + ROW.capturedMs] ?? 0;
        const sampleCount = batch.rows[at + ROW.sampleCount] ?? 0;
        insertFrame.run(
          stream.agent,
          stream.instance,
          sequence,
          capturedMs,
          receivedMs,
          sampleCount,
          encoding,
          bytes,
        );
        const ofFrame = documents.get(at / ROW_WIDTH);
        if (ofFrame !== undefined) {
          documentWriter.write(stream.agent, capturedMs, ofFrame);
        }
        stream.lastSequence = Math.max(stream.lastSequence, sequence);
        stream.lastReceivedMs = Math.max(stream.lastReceivedMs, receivedMs);
      }
    }
    for (const { row, lastSequence, lastReceivedMs, agentVersion, instance } of streams) {
      // the wall clock may step back
      if (Math.abs(lastReceivedMs - row.advancedMs) >= ADVANCE_EVERY_MS) {
        row.advancedMs = lastReceivedMs;
        advanceInstance.run(lastSequence, lastReceivedMs, agentVersion, instance);
      }
    }
  }

  function saveFindings(cluster: string, findings: readonly Finding[]): void {
    for (const finding of findings) {
      upsertFinding.run(
        cluster,
        finding.id,
        finding.code,
        JSON.stringify(finding.subject),
        Date.parse(finding.since),
        finding.until === null ? null : Date.parse(finding.until),
        Date.parse(finding.lastSeen),
        JSON.stringify(finding),
      );
    }
  }

  function names(): NameTable {
    return {
      series: db.prepare<[], { id: number; name: string }>("SELECT id, key AS name FROM series").all(),
      probes: db
        .prepare<[], { id: number; probe: string; target: string }>("SELECT id, probe, target FROM probe")
        .all(),
    };
  }

  const transactions = {
    append: db.transaction(append),
    saveFindings: db.transaction(saveFindings),
  };
  return {
    append: (request) => {
      try {
        transactions.append(request);
      } catch (error) {
        forget();
        throw error;
      }
    },
    lastSequence: (stream) => {
      const instance = findInstance.get(stream.cluster, stream.node, stream.instanceId);
      return instance === undefined ? 0 : held.last(instance);
    },
    heldSequences: (stream) => {
      const instance = findInstance.get(stream.cluster, stream.node, stream.instanceId);
      return instance === undefined ? [] : held.ranges(instance);
    },
    saveFindings: (cluster, findings) => transactions.saveFindings(cluster, findings),
    keepSpan: (cluster, fromMs, toMs) => {
      upsertSpan.run(cluster, fromMs, toMs);
    },
    store: (work) => blocks.store(work),
    retain: (request) => {
      const answer = retention.retain(request);
      if (answer.removedRuns > 0) {
        forget();
      }
      return answer;
    },
    names,
  };
}

/** The sequences of each stream of a batch, in the order of its frames. */
function listSequences(batch: FrameBatch): readonly (readonly number[])[] {
  const sequences: number[][] = batch.streams.map(() => []);
  for (let at = 0; at < batch.rows.length; at += ROW_WIDTH) {
    sequences[batch.rows[at + ROW.stream] ?? -1]?.push(batch.rows[at + ROW.sequence] ?? 0);
  }
  return sequences;
}
