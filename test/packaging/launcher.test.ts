import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** Options of Node and variables that a launcher sets for the agent. */
function agentSettings(file: string): readonly string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const agent = /^if \[ "\$\{1-\}" = agent \]; then$([^]*?)^fi$/m.exec(text)?.[1] ?? "";
  const options = agent.match(/ --[\w=-]+/g)?.map((option) => option.trim()) ?? [];
  const variables = agent.match(/export \w+="[^"]*"/g) ?? [];
  return [...options, ...variables].sort();
}

describe("packaging/etcdscope", () => {
  it("starts the agent as the checkout does", () => {
    const own = agentSettings("packaging/etcdscope.sh");
    expect(own.length).toBeGreaterThan(5);
    expect(own).toEqual(agentSettings("bin/etcdscope"));
  });
});
