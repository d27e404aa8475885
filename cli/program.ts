/** The commands and their options. Each command's code is loaded when it is called. */
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { systemClock } from "../shared/clock.ts";
import { EtcdscopeError } from "../shared/errors.ts";
import type { Language } from "../shared/text.ts";
import { ETCDSCOPE_VERSION } from "../shared/version.ts";
import { addPkiCommands } from "./pki/pki-commands.ts";
import { createTerminal, type Terminal } from "./terminal.ts";
import { addCompletionCommand } from "./completion-commands.ts";
import { addConfigCommands } from "./config-commands.ts";
import { addWatchOption, lookOrWatch } from "./watch-option.ts";
import { addBundleCommand } from "./bundle/bundle-command.ts";
import { addCaptureCommands } from "./capture-commands.ts";
import {
  common,
  connect,
  languageOption,
  question,
  type CommonOptions,
  type ProgramContext,
} from "./question.ts";

const EXIT_CODES =
  "\nExit codes: 0 done, 1 failed or the answer is bad, 2 wrong arguments or\nconfiguration, 3 unknown";

/** Runs one command line; the exit code. Never throws. */
export async function runProgram(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  let exitCode = 0;
  const context: ProgramContext = {
    environment,
    finish: (code) => {
      exitCode = code;
    },
    terminal: (language) =>
      createTerminal({ out: process.stdout, error: process.stderr }, environment, language),
  };
  // Somebody who has seen enough (`| head`) is no fault.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? exitCode : 1);
  });
  try {
    await createProgram(context).parseAsync(args, { from: "user" });
    return exitCode;
  } catch (caught) {
    return explain(caught, context.terminal());
  }
}

/** The whole command line, without running any of it. */
export function createProgram(context: ProgramContext): Command {
  const program = new Command("etcdscope")
    .description("Tells what is wrong with an etcd cluster, why, on which node, and what is safe to do next.")
    .version(ETCDSCOPE_VERSION)
    .helpCommand(false)
    .configureHelp({ optionDescription: describeOption })
    .showSuggestionAfterError()
    .showHelpAfterError("(--help shows what there is)")
    .addHelpText("after", EXIT_CODES)
    .exitOverride();
  addServices(program, context);
  addEnroll(program, context);
  addDiagnose(program, context);
  addQuestions(program, context);
  addRunbook(program, context);
  addIncidentQuestions(program, context);
  addCaptureCommands(program, context);
  addBundleCommand(program, context);
  addRequests(program, context);
  addLogs(program, context);
  addHistoryCommands(program, context);
  addPkiCommands(program, context);
  addConfigCommands(program, context);
  addCompletionCommand(program, context);
  return program;
}

/** As commander does it, but a flag's default is not worth a word, and what is required is. */
function describeOption(option: Option): string {
  const isFlag = option.defaultValue === false;
  const told = option.defaultValueDescription ?? JSON.stringify(option.defaultValue);
  const notes = [
    ...(option.mandatory ? ["required"] : []),
    ...(option.argChoices === undefined ? [] : [option.argChoices.join(" or ")]),
    ...(isFlag || option.defaultValue === undefined ? [] : [`default: ${told}`]),
  ];
  return notes.length === 0 ? option.description : `${option.description} (${notes.join("; ")})`;
}

function addServices(program: Command, context: ProgramContext): void {
  for (const [name, about] of [
    ["agent", "watch the etcd of this node and report to the collectors"],
    ["collector", "receive from agents, keep the history, judge, answer"],
  ] as const) {
    const command = program
      .command(name)
      .summary(about)
      .description(`The service: ${about}.`)
      .requiredOption("--config <file>", "configuration (YAML)")
      .option(
        "--check",
        "only validate the configuration, and a collector's history: print every problem with its place, or OK",
        false,
      );
    if (name === "collector") {
      command.option("--quick", "with --check: only open the history, instead of reading all of it", false);
    }
    if (name === "agent") {
      command.option("--cost", "only measure what each probe costs on this node, for some seconds", false);
    }
    command.action(
      async (options: {
        readonly config: string;
        readonly check: boolean;
        readonly quick?: boolean;
        readonly cost?: boolean;
      }) => {
        const { startAgent, startCollector } = await import("./run-service.ts");
        const request = { ...options, environment: context.environment };
        const terminal = context.terminal();
        context.finish(
          name === "agent" ? await startAgent(request, terminal) : await startCollector(request, terminal),
        );
      },
    );
  }
}

function addEnroll(program: Command, context: ProgramContext): void {
  program
    .command("enroll")
    .summary("get this node's certificate and configuration from a collector")
    .description(
      'Makes a key on this node, gets a certificate for it by a join token ("etcdscope pki token"), and writes the agent\'s configuration. The key never leaves the node.',
    )
    .requiredOption("--collector <host:port>", "the collector's port for agents")
    .requiredOption("--token <token>", "join token")
    .option("--dir <dir>", "folder for ca.crt, agent.crt and agent.key", "/etc/etcdscope/agent")
    .option("--config <file>", "written when it is not there", "/etc/etcdscope/agent.yaml")
    .option("--force", "replace certificate and key that are there", false)
    .action(
      async (options: {
        readonly collector: string;
        readonly token: string;
        readonly dir: string;
        readonly config: string;
        readonly force: boolean;
      }) => {
        const { runEnroll } = await import("./run-enroll.ts");
        context.finish(await runEnroll(options, context.terminal()));
      },
    );
}

/** Needs neither agent nor collector. */
function addLogs(program: Command, context: ProgramContext): void {
  program
    .command("logs")
    .summary("what a log of etcd proves: likely cause, when, how often")
    .description(
      "Reads logs of etcd in any form (plain, JSON, CRI, journald, gzip, UTF-16) and tells what they prove. Exit code 0 when they could be read.",
    )
    .argument("[file...]", "files, - for standard input", ["-"])
    .option("--json", "one object a line of input: line, code or null, severity", false)
    .addOption(languageOption())
    .action(
      async (files: readonly string[], options: { readonly json: boolean; readonly lang?: Language }) => {
        const { runLogs } = await import("./run-logs.ts");
        const request = { files, json: options.json, clock: systemClock };
        context.finish(await runLogs(request, context.terminal(options.lang)));
      },
    );
}

function addDiagnose(program: Command, context: ProgramContext): void {
  const about = "this node, now, without a collector (exit code 0 ok, 1 bad, 3 unknown)";
  program
    .command("diagnose")
    .summary(about)
    .description(`Walks the decision tree for ${about}. It only reads, and takes up to 15 s.`)
    .option("--config <file>", "the agent's configuration (default: etcd is discovered)")
    .option("--name <name>", "which etcd, when several run here: by its --name")
    .option("--data-dir <dir>", "which etcd, when several run here: by its data directory")
    .option("--json", "one document, for scripts", false)
    .addOption(languageOption())
    .action(async (options: DiagnoseOptions) => {
      const { runDiagnose } = await import("./run-diagnose.ts");
      const { lang, ...rest } = options;
      const request = { config: undefined, ...rest, clock: systemClock };
      context.finish(await runDiagnose(request, context.terminal(lang)));
    });
}

function addHistoryCommands(program: Command, context: ProgramContext): void {
  program
    .command("history")
    .summary("back up a collector's history")
    .description("Works on the file of a collector's history.")
    .command("backup")
    .summary("copy the history, also while the collector runs")
    .description("Copies one moment of the history into a new file, and reads all of the copy to check it.")
    .argument("<file>", "the backup; must not exist")
    .requiredOption("--config <file>", "the collector's configuration (YAML)")
    .action(async (file: string, options: { readonly config: string }) => {
      const { runBackup } = await import("./run-history.ts");
      context.finish(await runBackup({ config: options.config, file }, context.terminal()));
    });
}

function addQuestions(program: Command, context: ProgramContext): void {
  addWatchOption(
    question(program, "status", {
      about: "verdict, cause and members (exit code 0 healthy, 1 not, 3 unknown)",
    }).option("--at <time>", "as it was then: RFC 3339, or how long ago (2h)"),
  ).action(async (options: CommonOptions & { readonly at?: string; readonly watch: boolean }) => {
    const { runStatus } = await import("./run-status.ts");
    const { resolveTime } = await import("./ask-options.ts");
    const at = options.at === undefined ? undefined : resolveTime("--at", options.at, systemClock.nowMs());
    const client = await connect(options, context);
    const request = { ...common(options), at };
    context.finish(await lookOrWatch((terminal) => runStatus(client, request, terminal), options, context));
  });

  addWatchOption(
    question(program, "findings", { about: "what was found, with its evidence: now, or over a span" })
      .option("--active", "only what is wrong now", false)
      .option("--from <time>", "begin of the span: RFC 3339, or how long ago (2h)")
      .option("--to <time>", "end of the span (default: now)"),
  ).action(
    async (
      options: CommonOptions & {
        readonly active: boolean;
        readonly from?: string;
        readonly to?: string;
        readonly watch: boolean;
      },
    ) => {
      const { runFindings } = await import("./run-findings.ts");
      const { active, from, to } = options;
      const request = { ...common(options), active, from, to, clock: systemClock };
      const client = await connect(options, context);
      context.finish(
        await lookOrWatch((terminal) => runFindings(client, request, terminal), options, context),
      );
    },
  );

  question(program, "series", { about: "the metrics recorded, or one of them over a span" })
    .argument("[metric]", "name of a metric (default: list them)")
    .option("--node <name>", "one node (default: every node)")
    .option("--from <time>", "begin of the span: RFC 3339, or how long ago (default: 1h)")
    .option("--to <time>", "end of the span (default: now)")
    .option("--points <n>", "steps that the span is divided into, 1 to 5000 (default: 300)", parsePoints)
    .action(async (metric: string | undefined, options: CommonOptions & SeriesOptions) => {
      const { runSeries } = await import("./run-series.ts");
      const { node, from, to, points } = options;
      const request = { ...common(options), metric, node, from, to, points, clock: systemClock };
      const client = await connect(options, context);
      context.finish(await runSeries(client, request, context.terminal(options.lang)));
    });
}

function addRunbook(program: Command, context: ProgramContext): void {
  question(program, "runbook", { about: "the steps for a finding, with this cluster's names and paths" })
    .argument("<code>", "code of a finding, as DISK_FULL; RESTORE for a restore from a snapshot")
    .option("--member <name>", "the member it is for (default: the one the finding is about)")
    .action(async (code: string, options: CommonOptions & { readonly member?: string }) => {
      const { runRunbook } = await import("./run-runbook.ts");
      const request = { ...common(options), code, member: options.member };
      const client = await connect(options, context);
      context.finish(await runRunbook(client, request, context.terminal(options.lang)));
    });
}

function addIncidentQuestions(program: Command, context: ProgramContext): void {
  question(program, "incidents", {
    about: "what happened in the last 30 days, or one incident with its timeline",
  })
    .argument("[id]", "one incident (default: list them)")
    .action(async (id: string | undefined, options: CommonOptions) => {
      const { runIncidents } = await import("./run-incidents.ts");
      const client = await connect(options, context);
      context.finish(await runIncidents(client, { ...common(options), id }, context.terminal(options.lang)));
    });

  question(program, "report", { about: "an incident as a post-mortem draft to send" })
    .argument("[id]", "the incident (default: the newest)")
    .addOption(new Option("--format <format>", "of the report").choices(["md", "html", "json"]).default("md"))
    .option("-o, --output <file>", "write it there (default: standard output)")
    .action(
      async (
        id: string | undefined,
        options: CommonOptions & { readonly format: string; readonly output?: string },
      ) => {
        const { runReport } = await import("./run-incidents.ts");
        const request = { ...common(options), id, format: options.format, output: options.output };
        const client = await connect(options, context);
        context.finish(await runReport(client, request, context.terminal(options.lang)));
      },
    );

  question(program, "can-i", {
    about: "may this member be stopped now (exit code 0 safe, 1 unsafe, 3 unknown)",
  })
    .addArgument(new Argument("<action>", "what to do with it").choices(["stop"]))
    .argument("<member>", "name of the member")
    .action(async (_action: string, member: string, options: CommonOptions) => {
      const { runCanI } = await import("./run-can-i.ts");
      const client = await connect(options, context);
      context.finish(await runCanI(client, { ...common(options), member }, context.terminal(options.lang)));
    });

  question(program, "certs", {
    about: "every certificate and how long it is valid (exit code 1 when one is not)",
  }).action(async (options: CommonOptions) => {
    const { runCerts } = await import("./run-certs.ts");
    const client = await connect(options, context);
    context.finish(await runCerts(client, common(options), context.terminal(options.lang)));
  });
}

function addRequests(program: Command, context: ProgramContext): void {
  question(program, "compare-data", {
    about: "have the members' data compared now: each member reads its whole database once (role admin)",
  }).action(async (options: CommonOptions) => {
    const { runCompareData } = await import("./run-compare-data.ts");
    const client = await connect(options, context);
    context.finish(await runCompareData(client, common(options), context.terminal(options.lang)));
  });
}

interface DiagnoseOptions {
  readonly config?: string;
  readonly name?: string;
  readonly dataDir?: string;
  readonly json: boolean;
  readonly lang?: Language;
}

interface SeriesOptions {
  readonly node?: string;
  readonly from?: string;
  readonly to?: string;
  readonly points?: string;
}

function parsePoints(text: string): string {
  if (!/^\d{1,4}$/.test(text) || Number(text) < 1 || Number(text) > 5000) {
    throw new InvalidArgumentError("Expected a whole number from 1 to 5000.");
  }
  return text;
}

/** The sentence for people and the exit code of what went wrong. */
function explain(caught: unknown, terminal: Terminal): number {
  if (caught instanceof CommanderError) {
    // It has already said what it had to say; asking for help is no error.
    return caught.exitCode === 0 ? 0 : 2;
  }
  const error = EtcdscopeError.from(caught);
  terminal.writeError(`etcdscope: ${error.message}\n`);
  switch (error.code) {
    case "ARGUMENT_INVALID":
    case "CONFIG_INVALID":
      return 2;
    case "NOT_FOUND":
      return error.field === undefined ? 1 : 2;
    case "INTERNAL":
      terminal.writeError(caught instanceof Error ? `${caught.stack ?? ""}\n` : "");
      return 1;
    default:
      return 1;
  }
}
