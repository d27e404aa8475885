/** `npm run bench -- crash [--rounds 50]`: what kill -9 of collector and agent, at random moments under load, loses or doubles. */
import { join } from "node:path";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { runCrashRounds } from "../lab/crash-rounds.ts";
import { result, type Benchmark, type BenchmarkOptions, type BenchmarkResult } from "./benchmark.ts";

const ROUNDS = 50;
const FRAMES_PER_SECOND = 50;

async function run(
  log: (line: string) => void,
  options: BenchmarkOptions,
): Promise<readonly BenchmarkResult[]> {
  const rounds = options.rounds ?? ROUNDS;
  const dir = await createRunFolder();
  try {
    const found = await runCrashRounds({
      dir: join(dir, "crash"),
      rounds,
      framesPerSecond: FRAMES_PER_SECOND,
      log,
    });
    const frames = (value: number): { value: number; unit: string } => ({ value, unit: "frames" });
    return [
      result("acknowledged frames missing", frames(found.missing), { atMost: 0 }),
      result("duplicates visible", frames(found.duplicates), { atMost: 0 }),
      result("frames acknowledged", frames(found.acknowledged)),
      result("frames in the history", frames(found.frames)),
      result("kills of each", { value: rounds, unit: "kills" }),
      result("streams that brought what was kept", { value: found.keptStreams, unit: "streams" }),
    ];
  } finally {
    await removeFolderWithMounts(dir);
  }
}

export const crash: Benchmark = {
  name: "crash",
  method:
    `A real collector process over mutual TLS, and the agent's real queue, spool and streams in a process of their own under ${FRAMES_PER_SECOND} frames of 40 samples a second. ` +
    `Each of ${ROUNDS} rounds (--rounds) kills the agent, and then the collector, with SIGKILL at a random moment and starts it again; every fifth round keeps the collector away for 12 to 14 s, ` +
    `until frames are on disk, and kills the agent before it is back. Acknowledgements are written down as the agent's streams receive them; at the end each is looked for in the collector's history.`,
  run,
};
