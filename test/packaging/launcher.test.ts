import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** Options of Node and variables that a launcher sets for a command. */
function settingsOf(command: string, file: string): readonly string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const block =
    new RegExp(`^if \\[ "\\$\\{1-\\}" = ${command} \\]; then$([^]*?)^fi$`, "m").exec(text)?.[1] ?? "";
  const options = block.match(/ --[\w=-]+/g)?.map((option) => option.trim()) ?? [];
  const variables = block.match(/export \w+="[^"]*"/g) ?? [];
  return [...options, ...variables].sort();
}

describe("packaging/etcdscope", () => {
  it.each([
    ["agent", 10],
    ["collector", 4],
    ["logs", 2],
  ])("starts the %s as the checkout does", (command, count) => {
    const own = settingsOf(command, "packaging/etcdscope.sh");
    expect(own).toHaveLength(count);
    expect(own).toEqual(settingsOf(command, "bin/etcdscope"));
  });
});
