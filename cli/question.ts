/** What the commands that ask a collector have in common: options, and the way to it. */
import { Option, type Command } from "commander";
import type { Language } from "../shared/text.ts";
import type { AskOptions } from "./ask-options.ts";
import type { CollectorClient } from "./collector-client.ts";
import type { Terminal } from "./terminal.ts";

/** What every action gets beside its own options. */
export interface ProgramContext {
  readonly environment: NodeJS.ProcessEnv;
  /** Told by an action; 0 when none was called. */
  finish(exitCode: number): void;
  terminal(language?: Language): Terminal;
}

export interface CommonOptions extends AskOptions {
  readonly json: boolean;
  readonly lang?: Language;
  readonly cluster?: string;
}

export function question(
  program: Command,
  name: string,
  { about, hasJson = true }: { readonly about: string; readonly hasJson?: boolean },
): Command {
  const command = program
    .command(name)
    .summary(about)
    .description(`Asks a collector: ${about}.`)
    .option("--collector <url>", "the collector (default: ETCDSCOPE_COLLECTOR, else http://127.0.0.1:8080)")
    .option("--token-file <file>", "holds the token (default: ETCDSCOPE_TOKEN)")
    .option("--ca <file>", "authority of the collector's HTTPS certificate (default: the machine's)")
    .option("--cluster <name>", "one cluster (default: the only one)")
    .addOption(languageOption());
  return hasJson ? command.option("--json", "the API's own document, for scripts", false) : command;
}

export function languageOption(): Option {
  return new Option("--lang <language>", "language of texts (default: the locale's)").choices(["en", "zh"]);
}

export function common(options: CommonOptions): {
  readonly cluster: string | undefined;
  readonly json: boolean;
} {
  return { cluster: options.cluster, json: options.json };
}

export async function connect(options: AskOptions, context: ProgramContext): Promise<CollectorClient> {
  const [{ createCollectorClient }, { resolvePlace }] = await Promise.all([
    import("./collector-client.ts"),
    import("./ask-options.ts"),
  ]);
  return createCollectorClient(resolvePlace(options, context.environment));
}
