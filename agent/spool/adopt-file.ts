/** A file that an earlier run left → a segment of this one's spool; what a crash tore is cut. */
import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log-line.ts";
import { scanSegment } from "./record.ts";
import type { Segment } from "./segments.ts";
import type { SpoolFile, SpoolFiles } from "./spool-files.ts";

export interface AdoptOptions {
  readonly files: SpoolFiles;
  readonly agent: { readonly cluster: string; readonly node: string };
  readonly clock: Clock;
  readonly log: Logger;
}

/** undefined: there is nothing in it for this agent. Never rejects. */
export async function adoptFile(file: SpoolFile, options: AdoptOptions): Promise<Segment | undefined> {
  try {
    return await adopt(file, options);
  } catch (error) {
    options.log.warn({ error, file: file.name }, "File of the spool cannot be read and is left alone.");
    return undefined;
  }
}

async function adopt(file: SpoolFile, options: AdoptOptions): Promise<Segment | undefined> {
  const { files, agent, clock, log } = options;
  const { hello, records, validBytes } = scanSegment(await files.read(file.name));
  const [first, last] = [records[0], records.at(-1)];
  if (hello !== undefined && (hello.cluster !== agent.cluster || hello.node !== agent.node)) {
    const { cluster, node } = hello;
    log.warn(
      { file: file.name, cluster, node },
      "Spool holds frames of another agent, which are left alone.",
    );
    return undefined;
  }
  if (first === undefined || last === undefined || hello === undefined) {
    log.warn(
      { file: file.name, bytes: file.bytes },
      "File of the spool holds no whole frame and is removed.",
    );
    await files.remove(file.name);
    return undefined;
  }
  if (validBytes < file.bytes) {
    const cutBytes = file.bytes - validBytes;
    log.warn({ file: file.name, cutBytes }, "File of the spool was torn by a crash: its end is cut.");
    await files.truncate(file.name, validBytes);
  }
  return {
    name: file.name,
    hello,
    first: first.sequence,
    last: last.sequence,
    fromMs: first.capturedAtMs,
    toMs: last.capturedAtMs,
    bytes: validBytes,
    // the file's time is the wall clock's, which may have stepped: never from the future
    writtenAtMs: clock.monotonicUs() / 1000 - Math.max(0, clock.nowMs() - file.modifiedAtMs),
  };
}
