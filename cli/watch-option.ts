/** `--watch` of the commands that have it. */
import type { Command } from "commander";
import { systemClock } from "../shared/clock.ts";
import type { CommonOptions, ProgramContext } from "./question.ts";
import type { Terminal } from "./terminal.ts";

export function addWatchOption(command: Command): Command {
  return command.option(
    "--watch",
    "again every 2 s until Ctrl-C; where nobody watches, only what is new is written",
    false,
  );
}

/** The exit code of the look, or of the last one. */
export async function lookOrWatch(
  look: (terminal: Terminal) => Promise<number>,
  options: CommonOptions & { readonly watch: boolean },
  context: ProgramContext,
): Promise<number> {
  const terminal = context.terminal(options.lang);
  if (!options.watch) {
    return await look(terminal);
  }
  const { watch, WATCH_EVERY_MS } = await import("./watch.ts");
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => controller.abort());
  }
  return await watch(look, {
    terminal,
    clock: systemClock,
    signal: controller.signal,
    everyMs: WATCH_EVERY_MS,
  });
}
