import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { takeHandedConfig } from "../../cli/hand-over.ts";
import { createTemporaryPki } from "./pki/temporary-pki.ts";

let dir = "";
beforeAll(async () => {
  dir = await createTemporaryPki("prod-a", "m1");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("cli/hand-over", () => {
  it("believes only what this very process handed to itself, once", () => {
    const config = { cluster: "a" };
    const environment = {
      ETCDSCOPE_HANDED_CONFIG: `${process.pid}:${JSON.stringify(config)}`,
      OTHER: "stays",
    };
    expect(takeHandedConfig(environment)).toEqual(config);
    expect(environment).toEqual({ OTHER: "stays" });
    expect(takeHandedConfig(environment)).toBeUndefined();
    expect(takeHandedConfig({ ETCDSCOPE_HANDED_CONFIG: `1${process.pid}:{}` })).toBeUndefined();
  });

  it("starts the agent in the same process, and ends it with 0 when it is asked to stop", async () => {
    const file = join(dir, "agent.yaml");
    writeFileSync(
      file,
      [
        "cluster: prod-a",
        "node: m1",
        'collectors: ["127.0.0.1:1"]',
        "tls: { ca: ca.crt, cert: agent-prod-a-m1.crt, key: agent-prod-a-m1.key }",
        "etcd: { dataDir: none }",
        "spool: { dir: spool }",
      ].join("\n"),
    );
    const command = join(import.meta.dirname, "../../bin/etcdscope");
    const child = spawn(command, ["agent", "--config", file], {
      env: { PATH: process.env["PATH"] },
      stdio: ["ignore", "ignore", "pipe"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    let logged = "";
    let isAsked = false;
    const code = await new Promise<number | null>((resolve) => {
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        logged += text;
        // Reaching out is the last thing that a start does.
        if (!isAsked && logged.includes("Stream to the collector failed")) {
          isAsked = true;
          child.kill("SIGTERM");
        }
      });
      child.on("close", resolve);
    });
    expect(logged).toContain('"node":"m1"');
    expect(code).toBe(0);
  });
});
