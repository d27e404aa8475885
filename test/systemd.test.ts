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
      writeFileSync(join(dir, unit), text.replaceAll("/usr/bin/etcdscope", join(ROOT, "bin/etcdscope")));
      const { status, stderr } = spawnSync("systemd-analyze", ["verify", join(dir, unit)], {
        encoding: "utf8",
      });
      rmSync(dir, { recursive: true });
      expect([status, stderr]).toEqual([0, ""]);
    },
  );
});
