import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkCollectorConfig, readCollectorConfig } from "../../collector/config-file.ts";
import { formatKeyPath } from "../../shared/config/config-problem.ts";
import { createTemporaryPki } from "../cli/pki/temporary-pki.ts";

let dir = "";

beforeAll(async () => {
  dir = await createTemporaryPki();
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const GOOD = "grpc: { tls: { ca: ca.crt, cert: collector.crt, key: collector.key } }\n";
const SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

function write(text: string): string {
  const file = join(dir, "collector.yaml");
  writeFileSync(file, text);
  return file;
}

function problemsOf(text: string): readonly string[] {
  const result = checkCollectorConfig(write(text));
  return result.kind === "valid"
    ? []
    : result.problems.map(
        ({ line, path, message }) => `${line} ${formatKeyPath(path)}: ${message.replaceAll(dir, "DIR")}`,
      );
}

describe("collector/config-file", () => {
  it("fills in every default", () => {
    expect(readCollectorConfig(write(GOOD))).toEqual({
      grpc: {
        host: "0.0.0.0",
        port: 7443,
        tls: { ca: join(dir, "ca.crt"), cert: join(dir, "collector.crt"), key: join(dir, "collector.key") },
        revoked: undefined,
        enrol: undefined,
      },
      http: { host: "127.0.0.1", port: 8080, tls: undefined, tokens: [] },
      history: {
        path: "/var/lib/etcdscope/history.db",
        rawMs: 604_800_000,
        rollupsMs: 34_560_000_000,
        maxBytes: 21_474_836_480,
        aroundIncidentsMs: 3_600_000,
      },
      thresholds: { profile: "default", overrides: {} },
      clusters: {},
      alerts: { alertmanager: [], webhook: [] },
      remoteWrite: [],
      log: { level: "info" },
    });
  });

  it("takes the whole of the documented example", () => {
    const text = readFileSync(join(import.meta.dirname, "../../systemd/collector.yaml"), "utf8")
      .replaceAll(/^# (?=( {2}[-\w]|[a-zA-Z]+:))/gm, "")
      .replaceAll("/etc/etcdscope/tls/", "")
      .replace(/^tls:.*\n^tokens:\n.*\n/m, "");
    expect(text).toContain("\nremoteWrite:");
    expect(problemsOf(text)).toEqual([]);
  });

  it("takes tokens, TLS, thresholds and what later versions use", () => {
    const config = readCollectorConfig(
      write(`${GOOD}
http: { listen: "[::]:8443", tls: { cert: collector.crt, key: collector.key }, tokens: [ { name: ops, sha256: ${SHA.toUpperCase()}, role: viewer } ] }
thresholds: { profile: strict, hungMs: 4s, diskFullBytes: 64MiB, agentSilentMs: 4000 }
clusters: { prod-a: { voters: 3 }, prod-b: }
alerts: { alertmanager: [ "http://am:9093" ], webhook: [ "https://hooks.example/x" ] }
remoteWrite: [ "https://metrics.example/api/v1/write" ]
`),
    );
    expect(config.http).toMatchObject({
      host: "::",
      port: 8443,
      tokens: [{ name: "ops", sha256: SHA, role: "viewer" }],
    });
    expect(config.thresholds).toEqual({
      profile: "strict",
      overrides: { hungMs: 4_000, diskFullBytes: 67_108_864, agentSilentMs: 4_000 },
    });
    expect(config.clusters).toEqual({ "prod-a": { voters: 3 } });
    expect(config.alerts.alertmanager).toEqual([
      { url: "http://am:9093", minSeverity: "warning", ca: undefined, tokenFile: undefined },
    ]);
    expect(config.remoteWrite[0]?.url).toBe("https://metrics.example/api/v1/write");
  });

  it("takes a receiver as a section", () => {
    const config = readCollectorConfig(
      write(`${GOOD}alerts: { webhook: [ { url: "https://hooks/x", minSeverity: critical, template: "{{cluster}}" } ] }
`),
    );
    expect(config.alerts.webhook).toEqual([
      {
        url: "https://hooks/x",
        minSeverity: "critical",
        ca: undefined,
        tokenFile: undefined,
        secretFile: undefined,
        template: "{{cluster}}",
      },
    ]);
  });

  const CASES: readonly (readonly [string, string, readonly string[]])[] = [
    [
      "receivers",
      `${GOOD}alerts: { alertmanager: [ 7, "am:9093", { url: "http://a", minSeverty: info } ], webhook: [ { url: "http://a", secretFile: /no/such } ] }\n`,
      [
        '2 alerts.alertmanager[0]: expected text, got 7 (write it as "7", in quotes, with its unit if it is a measure)',
        '2 alerts.alertmanager[1]: expected a URL such as https://host:9093/path, got "am:9093"',
        '2 alerts.alertmanager[2].minSeverty: unknown key, did you mean "minSeverity"?',
        "2 alerts.webhook[0].secretFile: cannot be read: /no/such",
      ],
    ],
    [
      "an open door",
      `${GOOD}http: { listen: "0.0.0.0:8080" }\n`,
      [
        "2 http.listen: 0.0.0.0 is reachable by others, and there are no http.tokens: add tokens or listen on 127.0.0.1",
      ],
    ],
    [
      "a token that is no hash",
      `${GOOD}http: { tokens: [ { name: a, sha256: secret, role: viewer } ] }\n`,
      ["2 http.tokens[0].sha256: expected 64 hex digits: printf %s TOKEN | sha256sum"],
    ],
    [
      "a role that is none",
      `${GOOD}http:\n  tokens:\n    - { name: a, sha256: ${SHA}, role: view }\n`,
      ['4 http.tokens[0].role: expected viewer | admin, got "view", did you mean "viewer"?'],
    ],
    [
      "a token's name used twice",
      `${GOOD}http:\n  tokens:\n    - { name: a, sha256: ${SHA}, role: admin }\n    - { name: a, sha256: ${SHA}, role: admin }\n`,
      ["5 http.tokens[1].name: is used twice: a"],
    ],
    [
      "a misspelt threshold",
      `${GOOD}thresholds: { hungms2: 4 }\n`,
      ['2 thresholds.hungms2: unknown key, did you mean "hungMs"?'],
    ],
    [
      "a threshold that is no number",
      `${GOOD}thresholds: { hungMs: soon }\n`,
      ['2 thresholds.hungMs: expected a number above 0 (ms) or a duration such as 5s, got "soon"'],
    ],
    [
      "a cluster that nobody can name so",
      `${GOOD}clusters: { "a/b": { voters: 0 } }\n`,
      [
        '2 clusters["a/b"].voters: expected at least 1, got 0',
        '2 clusters["a/b"]: expected a name of 1 to 63 characters of A-Z a-z 0-9 . _ -',
      ],
    ],
    [
      "roll-ups that end before the raw values",
      `${GOOD}history: { raw: 30d, rollups: 7d }\n`,
      ["2 history.rollups: expected at least as long as history.raw (default 7d)"],
    ],
    [
      "a receiver that is no URL",
      `${GOOD}alerts: { webhook: [ "hooks" ] }\nremoteWrite: [ "http://u:p@x/" ]\n`,
      [
        '2 alerts.webhook[0]: expected a URL such as https://host:9093/path, got "hooks"',
        "3 remoteWrite[0]: expected a URL without user and password",
      ],
    ],
    [
      "the agent's file given by mistake",
      "cluster: a\n",
      ["1 grpc: is required", '1 cluster: unknown key, did you mean "clusters"?'],
    ],
  ];
  it.each(CASES)("names %s with its place", (_, text, want) => {
    expect(problemsOf(text)).toEqual(want);
  });
});
