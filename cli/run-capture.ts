/** `etcdscope capture`: fetches a span of a cluster's recorded frames into a file, and makes sure that it came whole. */
import { readFileSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { parseCapture } from "../collector/capture/capture-format.ts";
import type { Clock } from "../shared/clock.ts";
import { EtcdscopeError } from "../shared/errors.ts";
import { formatTimestamp } from "../shared/parse-timestamp.ts";
import { resolveCluster, resolveTime } from "./ask-options.ts";
import type { CollectorClient } from "./collector-client.ts";
import type { Terminal } from "./terminal.ts";

export interface CaptureCommand {
  readonly cluster: string | undefined;
  readonly from: string;
  readonly to: string | undefined;
  readonly output: string;
  readonly clock: Clock;
}

export async function runCapture(
  client: CollectorClient,
  request: CaptureCommand,
  terminal: Terminal,
): Promise<number> {
  const cluster = await resolveCluster(client, request.cluster);
  const nowMs = request.clock.nowMs();
  const from = resolveTime("--from", request.from, nowMs);
  const to = resolveTime("--to", request.to ?? "now", nowMs);
  const part = `${request.output}.part`;
  const pieces = client.getBytes(`/api/v1/clusters/${encodeURIComponent(cluster)}/capture`, { from, to });
  try {
    await writeFile(pieces, part);
    const { header, frames, sha256 } = parseCapture(readFileSync(part));
    renameSync(part, request.output);
    const span = `${formatTimestamp(header.fromMs)} … ${formatTimestamp(header.toMs)}`;
    terminal.write(
      terminal.language === "zh"
        ? `${request.output}\n  ${header.cluster}  ${span}\n  ${frames.length} 帧  sha256 ${sha256}\n` +
            `  查看：etcdscope replay ${request.output}\n`
        : `${request.output}\n  ${header.cluster}  ${span}\n  ${frames.length} frames  sha256 ${sha256}\n` +
            `  look at it: etcdscope replay ${request.output}\n`,
    );
    return 0;
  } finally {
    rmSync(part, { force: true });
  }
}

async function writeFile(pieces: AsyncIterable<Buffer>, file: string): Promise<void> {
  try {
    // A stream that opens the file by itself may do so after the pieces have failed, and leave it behind.
    const handle = await open(file, "w", 0o600);
    await pipeline(pieces, handle.createWriteStream());
  } catch (caught) {
    if (caught instanceof EtcdscopeError) {
      throw caught;
    }
    const code = (caught as NodeJS.ErrnoException).code ?? String(caught);
    throw new EtcdscopeError(
      "ARGUMENT_INVALID",
      `-o: expected a file that can be written (${code}): ${file}`,
      {
        cause: caught,
        field: "-o",
      },
    );
  }
}
