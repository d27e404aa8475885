/** The options of `capture` and `replay`; apart from program.ts, which has those of the other questions. */
import type { Command } from "commander";
import { systemClock } from "../shared/clock.ts";
import { connect, languageOption, question, type CommonOptions, type ProgramContext } from "./question.ts";

export function addCaptureCommands(program: Command, context: ProgramContext): void {
  question(program, "capture", {
    about: "what was recorded in a span, as a file to replay elsewhere (needs the admin role)",
    hasJson: false,
  })
    .requiredOption("--from <time>", "begin of the span: RFC 3339, or how long ago (2h)")
    .option("--to <time>", "end of the span, at most 6 h later (default: now)")
    .requiredOption("-o, --output <file>", "the file to write")
    .addHelpText(
      "after",
      "\nThe file holds five minutes before the span too. What looks like a secret is\nredacted; names, addresses and paths are not, as a diagnosis needs them.",
    )
    .action(
      async (
        options: CommonOptions & { readonly from: string; readonly to?: string; readonly output: string },
      ) => {
        const { runCapture } = await import("./run-capture.ts");
        const { cluster, from, to, output } = options;
        const client = await connect(options, context);
        const request = { cluster, from, to, output, clock: systemClock };
        context.finish(await runCapture(client, request, context.terminal(options.lang)));
      },
    );

  program
    .command("replay")
    .summary("diagnose a capture, without a collector")
    .description(
      "Diagnoses the frames of a capture by the rules of this version, and tells what happened when. Needs no collector. " +
        "The same file gives the same answer each time.",
    )
    .argument("<file>", "what etcdscope capture wrote")
    .option("--at <time>", "the cluster as it was at that moment of the span: RFC 3339")
    .option("--json", "one document, for scripts", false)
    .addOption(languageOption())
    .action(
      async (
        file: string,
        options: { readonly at?: string; readonly json: boolean; readonly lang?: CommonOptions["lang"] },
      ) => {
        const { runReplay } = await import("./run-replay.ts");
        const request = { file, at: options.at, json: options.json, clock: systemClock };
        context.finish(runReplay(request, context.terminal(options.lang)));
      },
    );
}
