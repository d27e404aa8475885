import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { createProgram } from "../../cli/program.ts";
import { renderCompletion } from "../../cli/completion-commands.ts";
import { createPlainTerminal } from "./plain-terminal.ts";

const program = createProgram({
  environment: {},
  finish: () => undefined,
  terminal: () => createPlainTerminal(),
});

/** What bash offers for each line of words, the last of which is being typed; by one bash, as starting one takes its time. */
function complete(lines: readonly string[]): readonly string[] {
  const script = `${renderCompletion(program, "bash")}
while IFS= read -r line; do
  IFS=' ' read -r -a COMP_WORDS <<< "$line"
  [[ "$line" == *' ' ]] && COMP_WORDS+=("")
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); COMPREPLY=(); _etcdscope; echo "\${COMPREPLY[*]}"
done`;
  const { stdout, stderr, status } = spawnSync("bash", ["-c", script], {
    encoding: "utf8",
    input: `${lines.join("\n")}\n`,
  });
  expect([status, stderr]).toEqual([0, ""]);
  return stdout.split("\n").slice(0, -1);
}

describe("cli/completion-commands", () => {
  it("completes commands, their options, arguments and choices in bash", { timeout: 60_000 }, () => {
    const cases: readonly (readonly [string, string])[] = [
      ["etcdscope stat", "status"],
      ["etcdscope rep", "report replay"],
      ["etcdscope status --cl", "--cluster"],
      ["etcdscope findings --lang ", "en zh"],
      ["etcdscope can-i st", "stop"],
      ["etcdscope pki issue-a", "issue-agent"],
      ["etcdscope pki issue-agent --no", "--node"],
      ["etcdscope completion f", "fish"],
    ];
    expect(complete(cases.map(([line]) => line))).toEqual(cases.map(([, offered]) => offered));
  });

  it("names every command and option for zsh and fish", () => {
    for (const shell of ["zsh", "fish"] as const) {
      const script = renderCompletion(program, shell);
      for (const command of program.commands) {
        expect(script, `${shell} ${command.name()}`).toContain(command.name());
      }
      expect(script).toContain(shell === "fish" ? "-l token-file" : "--token-file");
      expect(script).not.toContain("undefined");
    }
  });
});
