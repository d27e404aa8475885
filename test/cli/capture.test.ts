import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCollectorClient, type CollectorClient } from "../../cli/collector-client.ts";
import { runCapture } from "../../cli/run-capture.ts";
import { runReplay } from "../../cli/run-replay.ts";
import { systemClock } from "../../shared/clock.ts";
import { createExampleApi } from "../collector/api/example-api.ts";
import { captureFrames, playStory } from "../collector/capture/story.ts";
import { createPlainTerminal } from "./plain-terminal.ts";
import { runEtcdscope } from "./run-etcdscope.ts";

const api = createExampleApi();
const folder = mkdtempSync(join(tmpdir(), "etcdscope-capture-"));
const file = join(folder, "night.etcdscope");
let url = "";
let client: CollectorClient;

beforeAll(async () => {
  url = await api.app.listen({ host: "127.0.0.1", port: 0 });
  client = createCollectorClient({ url: new URL(url), token: undefined, ca: undefined });
  const story = playStory();
  writeFileSync(file, await captureFrames(story.frames, story));
});
afterAll(async () => {
  await api.app.close();
  rmSync(folder, { recursive: true });
});

function replay(options: {
  readonly at?: string;
  readonly json?: boolean;
  readonly language?: "zh";
}): string {
  const terminal = createPlainTerminal({ language: options.language ?? "en" });
  runReplay({ file, at: options.at, json: options.json ?? false, clock: systemClock }, terminal);
  return terminal.output();
}

describe("cli/run-capture", () => {
  it("writes a whole file or none", async () => {
    const common = { cluster: "prod-a", clock: systemClock };
    const output = join(folder, "got.etcdscope");
    const terminal = createPlainTerminal();
    const span = { from: "2026-11-22T03:00:00Z", to: "2026-11-22T03:16:00Z" };
    expect(await runCapture(client, { ...common, ...span, output }, terminal)).toBe(0);
    expect(terminal.output()).toContain(`look at it: etcdscope replay ${output}`);
    expect(readFileSync(output).subarray(0, 30).toString()).toContain("etcdscope-capture");

    const none = join(folder, "none.etcdscope");
    const old = { from: "2026-11-21T01:00:00Z", to: "2026-11-21T02:00:00Z" };
    await expect(runCapture(client, { ...common, ...old, output: none }, terminal)).rejects.toThrow(
      'The history holds nothing of "prod-a" from 2026-11-21T01:00:00.000Z',
    );
    await expect(
      runCapture(client, { ...common, ...span, output: join(folder, "no/such/folder") }, terminal),
    ).rejects.toThrow("-o: expected a file that can be written (ENOENT)");
    expect(readdirSync(folder).toSorted()).toEqual(["got.etcdscope", "night.etcdscope"]);
  });

  it("is a command", { timeout: 60_000 }, async () => {
    const output = join(folder, "command.etcdscope");
    const where = ["--collector", url, "--cluster", "prod-a", "--lang", "zh"];
    const span = ["--from", "2026-11-22T03:00:00Z", "--to", "2026-11-22T03:16:00Z"];
    const done = await runEtcdscope(["capture", ...where, ...span, "-o", output]);
    expect(done).toMatchObject({ code: 0, error: "", out: expect.stringContaining("查看：") as string });
    rmSync(output);
  });
});

describe("cli/run-replay", () => {
  it("tells what happened when, within 80 columns, in both languages", () => {
    const english = replay({});
    expect(english).toMatch(/AT RISK +2 of 3 voters serve/);
    expect(english).toContain("MEMBER_DOWN m3");
    expect(english).toContain("Restart of m3");
    expect(Math.max(...english.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
    const chinese = replay({ language: "zh" });
    expect(chinese).toContain("有风险");
    expect(`${english}${chinese}`).not.toMatch(/undefined|NaN|\[object/);
  });

  it("gives the same document each time, or the cluster at a moment", () => {
    const document = replay({ json: true });
    expect(replay({ json: true })).toBe(document);
    const { from } = JSON.parse(document) as { readonly from: string };
    const at = new Date(Date.parse(from) + 20_000).toISOString();
    expect(replay({ at })).toMatch(/^prod-a {3}AT RISK/);
    expect(() => replay({ at: "2020-01-01T00:00:00Z" })).toThrow("--at: expected a moment of the capture");
  });

  it("says what is wrong with a file, with an exit code", { timeout: 60_000 }, async () => {
    const damaged = join(folder, "damaged");
    writeFileSync(damaged, readFileSync(file).subarray(0, -100));
    const cut = await runEtcdscope(["replay", damaged]);
    expect([cut.code, cut.error]).toEqual([1, expect.stringContaining("damaged or cut short")]);
    const request = { file: join(folder, "missing"), at: undefined, json: false, clock: systemClock };
    expect(() => runReplay(request, createPlainTerminal())).toThrow("ENOENT");
  });
});
