import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { checkAgentConfig } from "../../../agent/config-file.ts";
import { checkCollectorConfig } from "../../../collector/config-file.ts";
import { formatProblems } from "../../../shared/config/config-problem.ts";

const LIMIT = { numRuns: 250, interruptAfterTimeLimit: 1500, markInterruptAsFailure: false };

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "etcdscope-config-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every problem has its sentence, and its line is one of the file's. */
function check(text: string): void {
  const file = join(folder, "fuzz.yaml");
  writeFileSync(file, text);
  const lines = text.split(/\r\n|\r|\n/).length;
  for (const result of [checkAgentConfig(file), checkCollectorConfig(file)]) {
    if (result.kind === "valid") {
      expect(Object.isFrozen(result.config)).toBe(true);
      continue;
    }
    expect(result.problems.length).toBeGreaterThan(0);
    for (const { message, line } of result.problems) {
      expect(message).not.toBe("");
      expect(line).toBeGreaterThanOrEqual(0);
      expect(line).toBeLessThanOrEqual(lines + 1);
    }
    const told = formatProblems(file, result.problems);
    expect(told.split(file).length).toBeGreaterThan(result.problems.length);
  }
}

const KEYS = [
  "cluster",
  "node",
  "collectors",
  "tls",
  "ca",
  "etcd",
  "intervals",
  "fast",
  "spool",
  "maxBytes",
  "grpc",
  "listen",
  "http",
  "tokens",
  "history",
  "raw",
  "clusters",
  "thresholds",
  "log",
  "level",
  "__proto__",
  "constructor",
];
const scalar = fc.oneof(
  fc.constantFrom<unknown>(null, true, "1s", "10s", "64MiB", "127.0.0.1:7443", "info", "", "prod-a"),
  fc.string({ maxLength: 30, unit: "grapheme" }),
  fc.double(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie("tree"), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.oneof(fc.constantFrom(...KEYS), fc.string({ maxLength: 8 })), tie("tree")), {
        maxLength: 6,
      })
      .map((entries) => new Map(entries)),
  ),
}));

const RIGHT = [
  "cluster: prod-a",
  "node: m1",
  'collectors: [ "10.0.0.5:7443" ]',
  "tls: { ca: ca.crt, cert: a.crt, key: a.key }",
  "intervals: { fast: 1s, normal: 10s }",
  "history:",
  "  raw: 7d",
  "",
].join("\n");

describe("shared/config/load-config", { timeout: 30_000 }, () => {
  it("tells every problem of any text", () => {
    fc.assert(fc.property(fc.string({ maxLength: 200, unit: "binary" }), check), LIMIT);
  });

  it("tells every problem of any document, whatever stands at a key", () => {
    fc.assert(
      fc.property(tree, (document) => check(stringify(document))),
      LIMIT,
    );
  });

  it("tells every problem of a right text that was damaged", () => {
    const edits = fc.array(
      fc.tuple(
        fc.nat(RIGHT.length),
        fc.nat(8),
        fc.constantFrom("", ":", "- ", "{", "]", "&a ", "*a", "\t", "!!x ", "'", "\n"),
      ),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(edits, (list) => {
        let text = RIGHT;
        for (const [at, length, put] of list) {
          text = text.slice(0, at) + put + text.slice(at + length);
        }
        check(text);
      }),
      LIMIT,
    );
  });

  it.each([
    ["lists in lists", "[".repeat(30_000)],
    ["closed lists in lists", `a: ${"[".repeat(15_000)}${"]".repeat(15_000)}`],
    ["sections in sections", Array.from({ length: 300 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
    ["an alias of itself", "a: &a [ *a ]"],
    [
      "aliases that grow",
      Array.from({ length: 30 }, (_, i) => `a${i}: &a${i} [${`*a${i - 1},`.repeat(i === 0 ? 0 : 9)}]`).join(
        "\n",
      ),
    ],
    ["a merge of itself", "a: &a\n  <<: *a"],
    ["several documents", "---\na: 1\n---\nb: 2\n"],
    ["more than it may hold", `a: ${"x".repeat(70_000)}`],
    ["bytes that are no text", "\u0000\u0001\uFFFF\uD800"],
  ])("refuses %s and ends", (_, text) => check(text));
});
