/** `etcdscope config check FILE`: the same as `--check` of the service that the file is for. */
import { Option, type Command } from "commander";
import type { ProgramContext } from "./question.ts";

interface CheckOptions {
  readonly for?: "agent" | "collector";
}

export function addConfigCommands(program: Command, context: ProgramContext): void {
  program
    .command("config")
    .summary("check a configuration file")
    .description("Works on configuration files.")
    .command("check")
    .summary("print every problem with its place in the file, or OK")
    .description("Validates the configuration of an agent or a collector, and starts nothing.")
    .argument("<file>", "configuration (YAML)")
    .addOption(
      new Option("--for <service>", "whose it is (default: told by its keys)").choices([
        "agent",
        "collector",
      ]),
    )
    .action(async (file: string, options: CheckOptions) => {
      const [{ startAgent, startCollector }, { guessService }] = await Promise.all([
        import("./run-service.ts"),
        import("./guess-service.ts"),
      ]);
      const service = options.for ?? guessService(file);
      const request = { config: file, check: true, quick: true, environment: context.environment };
      const terminal = context.terminal();
      context.finish(
        service === "agent" ? await startAgent(request, terminal) : await startCollector(request, terminal),
      );
    });
}
