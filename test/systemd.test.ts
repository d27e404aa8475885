import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;

describe("systemd", () => {
  it.skipIf(!hasSystemd).each(["etcdscope-agent.service", "etcdscope-collector.service"])(
    "systemd-analyze verifies %s",
    (unit) => {
      const dir = mkdtempSync(join(tmpdir(), "etcdscope-unit-"));
      // The command stands where the checkout has it, as nothing is installed here.
      const text = readFileSync(join(ROOT, "systemd", unit), "utf8");
      // So do the manual pages: they come with the package.
      const here = text.replaceAll("/usr/bin/etcdscope", join(ROOT, "bin/etcdscope"));
      writeFileSync(join(dir, unit), here.replaceAll(/^Documentation=.*\n/gm, ""));
      const { status, stderr } = spawnSync("systemd-analyze", ["verify", join(dir, unit)], {
        encoding: "utf8",
      });
      rmSync(dir, { recursive: true });
      expect([status, stderr]).toEqual([0, ""]);
    },
  );

  /** What each unit may still do; more is a change to argue for. */
  it.skipIf(!hasSystemd).each([
    ["etcdscope-agent.service", 29],
    ["etcdscope-collector.service", 14],
  ])("%s is exposed by no more than %i tenths", (unit, tenths) => {
    const args = ["security", "--offline=true", `--threshold=${tenths}`, join(ROOT, "systemd", unit)];
    const { status, stdout } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
    expect(status, stdout.split("\n").slice(-3).join("\n")).toBe(0);
  });

  it("the agent's unit gives a reason for each capability", () => {
    const text = readFileSync(join(ROOT, "systemd/etcdscope-agent.service"), "utf8");
    const given = /^CapabilityBoundingSet=(.*)$/m.exec(text)?.[1]?.split(" ") ?? [];
    expect(given.length).toBeGreaterThan(0);
    for (const capability of given) {
      expect(text).toMatch(new RegExp(`^# ${capability} {2,}\\S`, "m"));
    }
  });
});
