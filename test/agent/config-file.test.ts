import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkAgentConfig, readAgentConfig } from "../../agent/config-file.ts";
import { formatKeyPath } from "../../shared/config/config-problem.ts";
import { createTemporaryPki } from "../cli/pki/temporary-pki.ts";

let dir = "";

beforeAll(async () => {
  dir = await createTemporaryPki();
  mkdirSync(join(dir, "folder"));
  writeFileSync(join(dir, "junk.pem"), "junk");
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const TLS = "tls: { ca: ca.crt, cert: agent-prod-a-m1.crt, key: agent-prod-a-m1.key }";
const GOOD = `cluster: prod-a\ncollectors: ["10.0.0.5:7443"]\n${TLS}\n`;

function write(text: string): string {
  const file = join(dir, "agent.yaml");
  writeFileSync(file, text);
  return file;
}

/** "LINE path: message" of every problem. */
function problemsOf(text: string): readonly string[] {
  const result = checkAgentConfig(write(text));
  return result.kind === "valid"
    ? []
    : result.problems.map(
        ({ line, path, message }) => `${line} ${formatKeyPath(path)}: ${message.replaceAll(dir, "DIR")}`,
      );
}

describe("agent/config-file", () => {
  it("fills in every default", () => {
    const config = readAgentConfig(write(GOOD));
    expect(config).toEqual({
      cluster: "prod-a",
      node: hostname(),
      collectors: ["10.0.0.5:7443"],
      tls: {
        ca: join(dir, "ca.crt"),
        cert: join(dir, "agent-prod-a-m1.crt"),
        key: join(dir, "agent-prod-a-m1.key"),
      },
      etcd: { name: undefined, dataDir: undefined, endpoint: undefined, tls: undefined, logs: "auto" },
      peers: {},
      backups: undefined,
      intervals: { fastMs: 1_000, normalMs: 10_000, slowMs: 60_000 },
      fsyncProbe: { enabled: true, intervalMs: 5_000 },
      spool: { dir: "/var/lib/etcdscope-agent", maxBytes: 268_435_456, maxAgeMs: 86_400_000 },
      log: { level: "info" },
    });
  });

  it("takes the whole of the documented example", () => {
    const text = readFileSync(join(import.meta.dirname, "../../systemd/agent.yaml"), "utf8")
      .replaceAll(/^# (?=( {2}\w|[a-zA-Z]+:))/gm, "")
      .replaceAll("/etc/etcdscope/agent/", "")
      .replace(
        "{ ca: …, cert: …, key: … }",
        "{ ca: ca.crt, cert: agent-prod-a-m1.crt, key: agent-prod-a-m1.key }",
      );
    expect(text).toContain("\npeers:");
    expect(problemsOf(text)).toEqual([]);
    expect(readAgentConfig(write(text))).toMatchObject({ node: "m1", backups: { maxAgeMs: 93_600_000 } });
  });

  it("freezes the result all the way down", () => {
    const config = readAgentConfig(write(GOOD));
    expect(Object.isFrozen(config) && Object.isFrozen(config.tls) && Object.isFrozen(config.collectors)).toBe(
      true,
    );
  });

  it("takes a section left empty for a section left out", () => {
    expect(problemsOf(`${GOOD}etcd:\npeers:\nlog: ~\n`)).toEqual([]);
  });

  const CASES: readonly (readonly [string, string, readonly string[]])[] = [
    [
      "an unknown key",
      `${GOOD}interval: { fast: 1s }\n`,
      ['4 interval: unknown key, did you mean "intervals"?'],
    ],
    [
      "an unknown key below",
      `${GOOD}spool:\n  max_bytes: 1MiB\n`,
      ['5 spool.max_bytes: unknown key, did you mean "maxBytes"?'],
    ],
    [
      "a key that is near to none",
      `${GOOD}log: { zzzzzz: 1 }\n`,
      ["4 log.zzzzzz: unknown key; known here: level"],
    ],
    ["a duplicate key", `${GOOD}cluster: b\n`, ["4 : not valid YAML: Map keys must be unique"]],
    [
      "a bare number",
      `${GOOD}intervals: { fast: 10 }\n`,
      [
        '4 intervals.fast: expected text, got 10 (write it as "10", in quotes, with its unit if it is a measure)',
      ],
    ],
    [
      "a wrong duration",
      `${GOOD}intervals: { slow: 1 minute }\n`,
      ['4 intervals.slow: expected a duration such as 500ms, 10s or 7d, got "1 minute"'],
    ],
    [
      "a duration out of range",
      `${GOOD}intervals: { fast: 1ms }\n`,
      ["4 intervals.fast: expected a duration of 250ms to 1m, got 1ms"],
    ],
    [
      "a cadence out of order",
      `${GOOD}intervals: { fast: 20s }\n`,
      ["4 intervals: expected fast ≤ normal ≤ slow (defaults 1s, 10s, 60s)"],
    ],
    [
      "a wrong size",
      `${GOOD}spool: { maxBytes: 64M }\n`,
      ['4 spool.maxBytes: expected a size such as 64MiB or 20GiB, got "64M"'],
    ],
    [
      "a wrong level",
      `${GOOD}log: { level: inof }\n`,
      ['4 log.level: expected trace | debug | info | warn | error | fatal, got "inof", did you mean "info"?'],
    ],
    [
      "a peer with a port",
      `${GOOD}peers: { m2: "10.0.0.2:2380" }\n`,
      ['4 peers.m2: expected an IP address or a host name without a port, got "10.0.0.2:2380"'],
    ],
    [
      "a wrong kind of log source",
      `${GOOD}etcd: { logs: syslog }\n`,
      ["4 etcd.logs: expected auto, off, pod, journald:UNIT or file:/PATH"],
    ],
    [
      "a wrong endpoint",
      `${GOOD}etcd: { endpoint: "127.0.0.1:2379" }\n`,
      ["4 etcd.endpoint: expected a URL such as https://127.0.0.1:2379, without a path"],
    ],
    [
      "the patient's missing files",
      `${GOOD}etcd: { tls: { ca: no, cert: folder, key: junk.pem } }\n`,
      ["4 etcd.tls.ca: no such file: DIR/no", "4 etcd.tls.cert: is a folder, expected a file: DIR/folder"],
    ],
    ["no mapping", "- a\n", ["1 : expected a mapping of keys to values"]],
    [
      "no YAML",
      "a: [\n",
      [
        "2 : not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]",
      ],
    ],
    [
      "an unknown tag",
      "a: !!js/function x\n",
      ["1 : not valid YAML: Unresolved tag: tag:yaml.org,2002:js/function"],
    ],
    ["an empty file", "", ["1 cluster: is required", "1 collectors: is required", "1 tls: is required"]],
  ];
  it.each(CASES)("names %s with its place", (_, text, want) => {
    expect(problemsOf(text)).toEqual(want);
  });

  it("lists every problem at once, in the order of the file", () => {
    const text = [
      "clustr: prod a",
      "node: a/b",
      "collectors: [ 10.0.0.5, '10.0.0.6:7443', '10.0.0.6:7443' ]",
      "tls:",
      "  ca: nope",
      "  cert: agent-prod-a-m1.crt",
      "  key: collector.key",
      "fsyncProbe: { enabled: maybe, interval: 0s }",
      "",
    ].join("\n");
    expect(problemsOf(text)).toEqual([
      "1 cluster: is required",
      '1 clustr: unknown key, did you mean "cluster"?',
      '2 node: expected 1 to 253 characters of A-Z a-z 0-9 . _ -, got "a/b"',
      '3 collectors[0]: expected host:port such as 10.0.0.5:7443 or [fd00::5]:7443, got "10.0.0.5"',
      "3 collectors[2]: is listed twice: 10.0.0.6:7443",
      "5 tls.ca: no such file: DIR/nope",
      "7 tls.key: is not the key of the certificate DIR/agent-prod-a-m1.crt: DIR/collector.key",
      '8 fsyncProbe.enabled: expected true or false, got "maybe"',
      "8 fsyncProbe.interval: expected a duration of 1s to 1h, got 0s",
    ]);
  });

  it("says that its own certificate is none", () => {
    const text = GOOD.replace("ca.crt", "junk.pem").replace("agent-prod-a-m1.key", "junk.pem");
    expect(problemsOf(text)).toEqual([
      "3 tls.ca: expected a certificate in PEM: DIR/junk.pem",
      "3 tls.key: expected a private key without a passphrase in PEM: DIR/junk.pem",
    ]);
  });

  it.skipIf(process.getuid?.() === 0)("says that a file may not be read", () => {
    writeFileSync(join(dir, "secret.pem"), "x");
    chmodSync(join(dir, "secret.pem"), 0o000);
    expect(problemsOf(GOOD.replace("ca.crt", "secret.pem"))).toEqual([
      "3 tls.ca: may not be read by this user: DIR/secret.pem",
    ]);
  });

  it("refuses a file that is not there, too long, or a bomb of aliases", () => {
    expect(checkAgentConfig(join(dir, "none.yaml"))).toEqual({
      kind: "invalid",
      problems: [{ path: [], line: 0, message: "no such file" }],
    });
    expect(problemsOf(`#${"x".repeat(70_000)}`)).toEqual(["0 : expected at most 65536 bytes, got 70001"]);
    const bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
    for (let depth = 1; depth < 12; depth++) {
      bomb.push(`a${depth}: &a${depth} [${Array.from({ length: 9 }, () => `*a${depth - 1}`).join(", ")}]`);
    }
    expect(problemsOf(bomb.join("\n"))).toEqual([
      "1 : not valid YAML: Excessive alias count indicates a resource exhaustion attack",
    ]);
  });

  it("throws one error that lists them all", () => {
    const file = write("cluster: a\nnodes: b\n");
    expect(() => readAgentConfig(file)).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: expect.stringContaining(`${file}:2  nodes: `),
      }),
    );
  });

  it("leaves the certificate files alone for whoever connects to no collector", () => {
    const file = write(GOOD.replace("ca: ca.crt", "ca: none.crt"));
    expect(checkAgentConfig(file).kind).toBe("invalid");
    expect(checkAgentConfig(file, { isFilesToo: false }).kind).toBe("valid");
    const wrong = write(`${GOOD}intervals: { fast: 20s }\n`);
    expect(checkAgentConfig(wrong, { isFilesToo: false }).kind).toBe("invalid");
  });
});
