import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../collector/history/database.ts";
import { createTemporaryPki } from "./pki/temporary-pki.ts";
import { runEtcdscope } from "./run-etcdscope.ts";

let dir = "";
beforeAll(async () => {
  dir = await createTemporaryPki("prod-a", "m1");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function write(name: string, text: string): string {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

describe("cli/program", () => {
  it.each([
    [["stauts"], "(Did you mean status?)"],
    [["status", "--lnag", "zh"], "(Did you mean --lang?)"],
    [["status", "--lang", "de"], "Allowed choices are en, zh"],
    [["status", "extra"], "too many arguments"],
    [["agent"], "required option '--config <file>'"],
    [["series", "x", "--points", "0"], "whole number from 1 to 5000"],
    [["status", "--collector", "collector:8080"], "--collector: expected a URL"],
    [["findings", "--from", "sometime"], "--from: expected a time"],
    [["pki", "issue-collector"], "required option '--host <host>'"],
    [["pki", "init", "--days", "0"], "whole number from 1 to 36500"],
  ])("ends with 2 on %j", async (args, sentence) => {
    const { code, out, error } = await runEtcdscope(args);
    expect(error).toContain(sentence);
    expect([code, out]).toEqual([2, ""]);
  });

  it.each([[["--help"]], [["status", "--help"]], [["pki", "issue-agent", "--help"]]])(
    "helps with %j",
    async (args) => {
      const { code, out } = await runEtcdscope(args);
      expect(code).toBe(0);
      expect(out).toMatch(/^Usage: etcdscope/);
      // One line is the list of exit codes, which is read as a whole.
      expect(out.split("\n").filter((line) => line.length > 80).length).toBeLessThanOrEqual(1);
    },
  );

  it("shows the help and ends with 2 when there is no command", async () => {
    const { code, error } = await runEtcdscope([]);
    expect(code).toBe(2);
    expect(error).toContain("Usage: etcdscope");
  });
});

describe("cli/run-service", () => {
  it("says OK with what an agent would do", async () => {
    const file = write(
      "agent.yaml",
      `cluster: prod-a\nnode: m1\ncollectors: ["10.0.0.5:7443"]\ntls: { ca: ca.crt, cert: agent-prod-a-m1.crt, key: agent-prod-a-m1.key }\n`,
    );
    expect(await runEtcdscope(["agent", "--check", "--config", file])).toEqual({
      code: 0,
      out: `OK  ${file}: node m1 of cluster prod-a, etcd discovered, every 1s/10s/1m, to 10.0.0.5:7443\n`,
      error: "",
    });
  });

  it("says OK with what a collector would do", async () => {
    const file = write(
      "collector.yaml",
      "grpc: { tls: { ca: ca.crt, cert: collector.crt, key: collector.key } }\n",
    );
    expect(await runEtcdscope(["collector", "--check", "--config", file])).toEqual({
      code: 0,
      out: `OK  ${file}: agents at 0.0.0.0:7443, API at 127.0.0.1:8080 (no tokens), history /var/lib/etcdscope/history.db, 7d within 20 GiB\n`,
      error: "",
    });
  });

  it("looks into the history that a collector would open", async () => {
    const config = (history: string): string =>
      `grpc: { tls: { ca: ca.crt, cert: collector.crt, key: collector.key } }\nhistory: { path: ${history} }\n`;
    const db = openDatabase({ path: join(dir, "history.db"), nowMs: 0, isKnownDamaged: false }).db;
    const check = ["collector", "--check", "--config", write("with.yaml", config(join(dir, "history.db")))];
    const sound = await runEtcdscope(check);
    expect(sound).toMatchObject({ code: 0, error: "" });
    expect(sound.out).toMatch(/; of the history all [\d.]+ KiB read and sound\n$/);
    expect((await runEtcdscope([...check, "--quick"])).out).toContain(
      "of the history nothing read but that it opens",
    );
    db.pragma("user_version = 99");
    db.close();
    const newer = await runEtcdscope(check);
    expect([newer.code, newer.out]).toEqual([2, ""]);
    expect(newer.error).toContain("written by a newer etcdscope (schema 99");
    const damaged = write("damaged.db", "no database ".repeat(1000));
    const checkDamaged = ["collector", "--check", "--config", write("damaged.yaml", config(damaged))];
    const found = await runEtcdscope(checkDamaged);
    expect([found.code, found.out]).toEqual([1, ""]);
    expect(found.error).toContain("the collector would put it aside and begin a new one");
    // before a start, which is not to be kept from putting it aside
    const quick = await runEtcdscope([...checkDamaged, "--quick"]);
    expect([quick.code, quick.error]).toEqual([0, found.error]);
  });

  it.each(["agent", "collector"])("lists every problem of a file and starts no %s", async (service) => {
    const file = write("bad.yaml", "clusters: 1\nlog: { level: loud }\n");
    for (const check of [["--check"], []]) {
      const { code, out, error } = await runEtcdscope([service, ...check, "--config", file]);
      expect([code, out]).toEqual([2, ""]);
      expect(error).toContain(`${file}:2  log.level: expected trace`);
      expect(error.split("\n").length).toBeGreaterThanOrEqual(4);
    }
  });
});
