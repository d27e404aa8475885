import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { textWidth } from "../../cli/view/text-width.ts";
import { renderRunbook } from "../../cli/view/render-runbook.ts";
import { renderRunbook as renderFor } from "../../collector/runbook/render-runbook.ts";
import { RUNBOOK_CODES } from "../../collector/runbook/registry.ts";
import type { Runbook } from "../../shared/rest.ts";
import { createExampleApi } from "../collector/api/example-api.ts";
import { evaluateExample, THREE } from "../collector/runbook/example-cluster.ts";
import { createPlainTerminal } from "./plain-terminal.ts";
import { runEtcdscope } from "./run-etcdscope.ts";

const api = createExampleApi();
let url = "";
beforeAll(async () => {
  url = await api.app.listen({ host: "127.0.0.1", port: 0 });
});
afterAll(() => api.app.close());

describe("cli/run-runbook", () => {
  it("tells each step with where, how risky, and whether it may be done now", async () => {
    const args = ["runbook", "DB_FRAGMENTED", "--collector", url, "--cluster", "prod-a"];
    const { code, out } = await runEtcdscope(args);
    expect(code).toBe(0);
    expect(out).toContain("DB_FRAGMENTED   prod-a m3");
    expect(out).toContain("REFUSED NOW: all voters serve");
    expect(out).toContain("--command-timeout=300s defrag");
    expect(out).not.toContain("\u001b");
  });

  it("gives scripts the API's own document, and names what there is", async () => {
    const args = [
      "runbook",
      "disk-full",
      "--member",
      "m2",
      "--collector",
      url,
      "--cluster",
      "prod-b",
      "--json",
    ];
    const { code, out } = await runEtcdscope(args);
    expect(code).toBe(0);
    expect(JSON.parse(out) as Runbook).toMatchObject({ code: "DISK_FULL", member: "m2", cluster: "prod-b" });
    const nobody = await runEtcdscope(["runbook", "DISK_FULL", "--member", "m9", ...args.slice(4, 8)]);
    expect([nobody.code, nobody.error]).toEqual([2, 'etcdscope: No member "m9"; known: m1, m2, m3\n']);
    const nothing = await runEtcdscope(["runbook", "DISC_FULL", ...args.slice(4, 8)]);
    expect(nothing.code).toBe(2);
    expect(nothing.error).toContain('No runbook for "DISC_FULL"; known: AGENT_DATA_LOST');
  });
});

describe("cli/view/render-runbook", () => {
  const { cluster } = evaluateExample(THREE.map((one) => ({ ...one, isUp: one.name !== "m3" })));

  it.each(["en", "zh"] as const)("keeps all but commands within 80 columns, in %s", (language) => {
    // Chinese punctuation may hang over by two characters.
    const terminal = createPlainTerminal({ language });
    for (const code of RUNBOOK_CODES) {
      const runbook = renderFor(cluster, { code, member: "m3" })!;
      const commands = runbook.steps.flatMap(({ command }) => command?.split("\n") ?? []);
      const long = renderRunbook(runbook, terminal)
        .split("\n")
        .filter((line) => textWidth(line) > 84 && !commands.includes(line.slice(7)));
      expect(long, code).toEqual([]);
    }
  });

  it("colours what is risky, on a terminal only", () => {
    const runbook = renderFor(cluster, { code: "RESTORE", member: undefined })!;
    expect(renderRunbook(runbook, createPlainTerminal())).not.toContain("\u001b");
    expect(renderRunbook(runbook, createPlainTerminal({ isTerminal: true }))).toContain(
      "\u001b[1m[DESTRUCTIVE",
    );
  });
});
