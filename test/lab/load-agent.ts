/**
 * Run as a child: the agent's own queue and streams under a steady load of frames, without probes. Says on standard output
 * what each collector acknowledged or said that it holds, before the queue hears of it, and once a second what is still waiting.
 *
 *   load-agent.ts '{"collectors":["127.0.0.1:7443"],"tls":{…},"cluster":"lab","node":"m1","spoolDir":"…","framesPerSecond":50}'
 */
import { randomUUID } from "node:crypto";
import { writeSync } from "node:fs";
import { createSpoolFiles } from "../../agent/spool/spool-files.ts";
import { createSpoolQueue } from "../../agent/spool/spool-queue.ts";
import { createCollectorLink } from "../../agent/stream/collector-link.ts";
import { createLineLog } from "../../agent/line-log.ts";
import type { TlsPaths } from "../../agent/config.ts";
import { systemClock as clock } from "../../shared/clock.ts";
import type { SequenceRange } from "../../shared/sequence-set.ts";
import { testFrame } from "../collector/ingest/test-frames.ts";
import { watchReader } from "./watched-reader.ts";

export interface LoadAgentOptions {
  readonly collectors: readonly string[];
  readonly tls: TlsPaths;
  readonly cluster: string;
  readonly node: string;
  readonly spoolDir: string;
  readonly framesPerSecond: number;
}

/** As many samples as a real agent's frame has on average. */
const SAMPLES = Array.from({ length: 40 }, (_, i) => ({ key: `load_${i}`, value: i / 7 }));

const options = JSON.parse(process.argv[2] ?? "{}") as LoadAgentOptions;

const log = createLineLog({ name: "load-agent", level: "info", clock });
const queue = createSpoolQueue({
  files: createSpoolFiles(options.spoolDir),
  agent: { cluster: options.cluster, node: options.node, agentVersion: "0.1.0", bootId: "load" },
  collectors: options.collectors.length,
  maxBytes: 64 * 1024 * 1024,
  maxAgeMs: 3_600_000,
  clock,
  log,
  random: randomUUID().slice(0, 8),
});
const hello = await queue.open();

const readers = options.collectors.map((_, index) => {
  function tell(instanceId: string, { first, last }: SequenceRange): void {
    writeSync(1, `acknowledged ${index} ${instanceId} ${first} ${last}\n`);
  }
  return watchReader(queue.reader(index), hello.instanceId, { onAcknowledged: tell, onHeld: tell });
});
const links = readers.map((reader, index) =>
  createCollectorLink({
    collector: options.collectors[index] ?? "",
    tls: options.tls,
    hello,
    reader,
    clock,
    log,
    onStreamOpen: () => undefined,
    onSettings: () => undefined,
  }),
);
links.forEach((link) => link.start());

let sequence = 0n;
const load = setInterval(() => {
  sequence += 1n;
  const [nowMs, monotonicUs] = [clock.nowMs(), clock.monotonicUs()];
  queue.push(
    testFrame(sequence, {
      capturedAtMs: nowMs,
      monotonicUs,
      clockOffset: undefined,
      samples: SAMPLES,
      events: [],
    }),
  );
  links.forEach((link) => link.notify());
}, 1000 / options.framesPerSecond);
const status = setInterval(() => {
  // as the frames of an agent do, also when the load has ended
  links.forEach((link) => link.notify());
  const waiting = readers.map((reader) => reader.waiting());
  const dropped = readers.map((reader) => reader.droppedTotal());
  writeSync(
    1,
    `status ${sequence} memory ${queue.size()} waiting ${waiting.join(",")} dropped ${dropped.join(",")}\n`,
  );
}, 500);

process.once("SIGUSR1", () => clearInterval(load));
process.once("SIGTERM", () => {
  clearInterval(load);
  clearInterval(status);
  links.forEach((link) => link.stop());
  queue.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
