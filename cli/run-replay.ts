/** `etcdscope replay FILE`: diagnoses a capture anew, without a collector. */
import { readFileSync, statSync } from "node:fs";
import { parseCapture } from "../collector/capture/capture-format.ts";
import { replayCapture } from "../collector/capture/replay-capture.ts";
import type { Clock } from "../shared/clock.ts";
import { EtcdscopeError } from "../shared/errors.ts";
import { parseTimestampMs } from "../shared/parse-timestamp.ts";
import { resolveTime } from "./ask-options.ts";
import type { Terminal } from "./terminal.ts";
import { renderReplay } from "./view/render-replay.ts";

export interface ReplayCommand {
  readonly file: string;
  readonly at: string | undefined;
  readonly json: boolean;
  readonly clock: Clock;
}

/** A capture of six hours of seven nodes is a tenth of it. */
const MAX_FILE_BYTES = 512 * 2 ** 20;

/** 0: it could be replayed, whatever it says. */
export function runReplay(request: ReplayCommand, terminal: Terminal): number {
  const capture = parseCapture(readCaptureFile(request.file));
  const at = request.at === undefined ? undefined : resolveTime("--at", request.at, request.clock.nowMs());
  const replay = replayCapture(capture, { atMs: at === undefined ? undefined : parseTimestampMs(at) });
  terminal.write(
    request.json
      ? `${JSON.stringify(replay, null, 2)}\n`
      : renderReplay(replay, { terminal, isMoment: at !== undefined }),
  );
  return 0;
}

function readCaptureFile(file: string): Buffer {
  try {
    const { size } = statSync(file);
    if (size > MAX_FILE_BYTES) {
      throw new EtcdscopeError(
        "ARGUMENT_INVALID",
        `Expected a capture of at most ${MAX_FILE_BYTES / 2 ** 20} MiB, got ${Math.ceil(size / 2 ** 20)} MiB: ${file}`,
      );
    }
    return readFileSync(file);
  } catch (caught) {
    if (caught instanceof EtcdscopeError) {
      throw caught;
    }
    const code = (caught as NodeJS.ErrnoException).code ?? String(caught);
    throw new EtcdscopeError("ARGUMENT_INVALID", `Expected a file that can be read (${code}): ${file}`, {
      cause: caught,
    });
  }
}
