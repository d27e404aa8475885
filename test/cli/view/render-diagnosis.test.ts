import { describe, expect, it } from "vitest";
import { renderDiagnosis } from "../../../cli/view/render-diagnosis.ts";
import { textWidth } from "../../../cli/view/text-width.ts";
import { walkTree } from "../../../collector/diagnosis/decision-tree.ts";
import { addNext } from "../../../collector/runbook/next-step.ts";
import { evaluateExample, THREE } from "../../collector/runbook/example-cluster.ts";
import { createPlainTerminal } from "../plain-terminal.ts";

const MACHINE = { bootedAt: "2026-11-01T04:05:06.000Z", load1: 0.42, cpus: 2 };

function render(
  isUp: (name: string) => boolean,
  options: Parameters<typeof createPlainTerminal>[0] = {},
): string {
  const evaluation = evaluateExample(THREE.map((one) => ({ ...one, isUp: isUp(one.name) })));
  const diagnosis = addNext(walkTree(evaluation, { node: "node-1" }), evaluation);
  const terminal = createPlainTerminal(options);
  return renderDiagnosis(diagnosis, {
    terminal,
    node: "node-1",
    seconds: 4.52,
    source: "",
    machine: MACHINE,
  });
}

describe("cli/view/render-diagnosis", () => {
  it("gives a line to each layer, with what it rests on", () => {
    const text = render(() => true);
    expect(text).toContain("node-1   HEALTHY   3 of 3 voters serve: one may fail");
    expect(text).toMatch(/^ {2}ok {7}process {6}process 812 runs; m1 answers/m);
    expect(text).toMatch(/^ {2}unknown {2}performance {2}etcd's log on node-1 is not read$/m);
    expect(text).toContain("as seen from node-1 alone, in 4.5 s");
    expect(text).toContain("  The machine was booted 2026-11-01 04:05Z; load 0.42 on 2 CPUs\n");
    expect(text).not.toContain("now  ");
  });

  it("tells what is bad with its evidence, and the command that is safe", () => {
    const text = render((name) => name !== "m3");
    expect(text).toMatch(/^ {2}BAD {6}process {6}MEMBER_DOWN {2}m3 is down/m);
    expect(text).toMatch(/no etcd process on node-3/);
    expect(text).toContain("             journalctl --no-pager -n 80 -u etcd.service\n");
  });

  it("gives each layer that is bad a command of its own", () => {
    const text = render((name) => name === "m1");
    // The first one is told last, where it is looked for: of that layer only its name is.
    expect(text).toMatch(/^ {24}next: Read the end of etcd's log on node-2, see below$/m);
    const [, cluster = ""] = text.split(/^ {2}BAD {6}cluster/m);
    expect(cluster).toMatch(/^ {24}next: See .*\n {26}\S/m);
  });

  it.each(["en", "zh"] as const)("stays within 80 columns but for commands, in %s", (language) => {
    for (const isUp of [() => true, () => false, (name: string) => name === "m1"]) {
      const long = render(isUp, { language })
        .split("\n")
        .filter((line) => textWidth(line) > 84 && !/^ +(?:--|etcdctl |journalctl |curl )/.test(line));
      expect(long).toEqual([]);
    }
  });

  it("colours on a terminal only", () => {
    expect(render(() => false)).not.toContain("\u001b");
    expect(render(() => false, { isTerminal: true })).toContain("\u001b");
  });
});
