/** `etcdscope completion SHELL`: what a shell needs to complete commands, options and their choices; made from the program itself. */
import { Argument, type Command, type Option } from "commander";
import type { ProgramContext } from "./question.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

const WHERE: Readonly<Record<Shell, string>> = {
  bash: "source <(etcdscope completion bash)      in ~/.bashrc",
  zsh: 'source <(etcdscope completion zsh)       in ~/.zshrc, after "compinit"',
  fish: "etcdscope completion fish | source       in ~/.config/fish/config.fish",
};

export function addCompletionCommand(program: Command, context: ProgramContext): void {
  program
    .command("completion")
    .summary("completion of commands and options in your shell")
    .description("Prints a script that completes commands, options and their choices.")
    .addArgument(new Argument("<shell>", "your shell").choices(SHELLS))
    .addHelpText(
      "after",
      `\nTo have it in every shell:\n${SHELLS.map((one) => `  ${WHERE[one]}`).join("\n")}`,
    )
    .action((shell: Shell) => {
      context.terminal().write(renderCompletion(program, shell));
      context.finish(0);
    });
}

interface Completed {
  /** "pki init" for a command within another. */
  readonly path: string;
  readonly summary: string;
  /** Commands within, and the choices of arguments. */
  readonly words: readonly string[];
  readonly options: readonly Option[];
}

function listCommands(program: Command, prefix = ""): readonly Completed[] {
  return program.commands.flatMap((command) => {
    const path = `${prefix}${command.name()}`;
    const words = [
      ...command.commands.map((one) => one.name()),
      ...command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    ];
    const own = { path, summary: command.summary(), words, options: command.options };
    return [own, ...listCommands(command, `${path} `)];
  });
}

export function renderCompletion(program: Command, shell: Shell): string {
  const commands = listCommands(program);
  switch (shell) {
    case "bash":
      return renderBash(commands);
    case "zsh":
      return renderZsh(commands);
    case "fish":
      return renderFish(commands);
  }
}

function longNames({ options }: Completed): readonly string[] {
  return [...options.flatMap(({ long }) => (typeof long === "string" ? [long] : [])), "--help"];
}

function topLevel(commands: readonly Completed[]): readonly Completed[] {
  return commands.filter(({ path }) => !path.includes(" "));
}

/** Files are completed where an option or argument takes one, as nothing else fits there. */
function renderBash(commands: readonly Completed[]): string {
  const cases = commands.map(
    (one) => `    "${one.path}") words="${[...one.words, ...longNames(one)].join(" ")}" ;;`,
  );
  const choices = commands.flatMap(({ options }) =>
    options.filter(({ argChoices }) => argChoices !== undefined),
  );
  const values = new Map(choices.map(({ long, argChoices }) => [long, argChoices?.join(" ") ?? ""]));
  const takers = new Set(
    commands.flatMap(({ options }) =>
      options
        .filter(({ required, argChoices }) => required && argChoices === undefined)
        .map(({ long }) => long),
    ),
  );
  return `# etcdscope completion for bash
_etcdscope() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" command="" word words=""
  case "$prev" in
${[...values].map(([long, all]) => `    ${long}) COMPREPLY=( $(compgen -W "${all}" -- "$cur") ); return ;;`).join("\n")}
    ${[...takers].join("|")}) COMPREPLY=( $(compgen -f -- "$cur") ); return ;;
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${command:+$command }$word" in
      ${commands.map(({ path }) => `"${path}"`).join("|")}) command="\${command:+$command }$word" ;;
    esac
  done
  case "$command" in
    "") words="${topLevel(commands)
      .map(({ path }) => path)
      .join(" ")} --help --version" ;;
${cases.join("\n")}
  esac
  COMPREPLY=( $(compgen -W "$words" -- "$cur") )
}
complete -o default -F _etcdscope etcdscope
`;
}

function renderZsh(commands: readonly Completed[]): string {
  const describe = (name: string, text: string): string => quote(`${name.replaceAll(":", "\\:")}:${text}`);
  const cases = topLevel(commands).map((one) => {
    const words = one.words.map((word) =>
      describe(word, commands.find(({ path }) => path === `${one.path} ${word}`)?.summary ?? ""),
    );
    const within = commands.filter(({ path }) => path.startsWith(`${one.path} `));
    const options = [one, ...within].flatMap(({ options: own }) => own);
    const distinct = new Map(options.map(({ long, description }) => [long, description]));
    const told = [...distinct].flatMap(([long, text]) =>
      typeof long === "string" ? [describe(long, text)] : [],
    );
    return `    ${one.path}) list=(${[...words, ...told].join(" ")}) ;;`;
  });
  return `#compdef etcdscope
# etcdscope completion for zsh
_etcdscope() {
  local -a list
  if (( CURRENT == 2 )); then
    list=(${topLevel(commands)
      .map(({ path, summary }) => describe(path, summary))
      .join(" ")})
    _describe command list
    return
  fi
  case "$words[2]" in
${cases.join("\n")}
  esac
  _describe option list || _files
}
compdef _etcdscope etcdscope
`;
}

function renderFish(commands: readonly Completed[]): string {
  const lines = commands.flatMap((one) => {
    const parts = one.path.split(" ");
    const [first = "", second] = parts;
    const condition =
      second === undefined
        ? `__fish_seen_subcommand_from ${first}`
        : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`;
    const parent = second === undefined ? "__fish_use_subcommand" : `__fish_seen_subcommand_from ${first}`;
    return [
      `complete -c etcdscope -n ${quote(parent)} -a ${parts.at(-1)} -d ${quote(one.summary)}`,
      ...one.options.flatMap(({ long, required, argChoices, description }) =>
        typeof long === "string"
          ? [
              `complete -c etcdscope -n ${quote(condition)} -l ${long.slice(2)} -d ${quote(description)}` +
                (argChoices === undefined
                  ? required
                    ? " -r"
                    : ""
                  : ` -x -a ${quote(argChoices.join(" "))}`),
            ]
          : [],
      ),
    ];
  });
  return `# etcdscope completion for fish\n${lines.join("\n")}\n`;
}

/** One word of a shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
