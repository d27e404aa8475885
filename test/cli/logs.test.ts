import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOG_FIXTURES } from "../shared/log/classify-file.ts";
import { runEtcdscope } from "./run-etcdscope.ts";

const DISK_FULL = join(LOG_FIXTURES, "3.5.16-zap/disk-full.log");

interface Moment {
  readonly at: string;
  readonly micros: string;
}

const ESCAPE = String.fromCharCode(27);

/** What container runtimes, journald, kubectl, terminals and people make of a line. */
const SHAPES: Readonly<Record<string, (line: string, moment: Moment) => string>> = {
  cri: (line, { at }) => `${at} stderr F ${line}`,
  docker: (line, { at }) => JSON.stringify({ log: `${line}\n`, stream: "stderr", time: at }),
  journald: (line, { micros }) =>
    JSON.stringify({
      __REALTIME_TIMESTAMP: micros,
      _SYSTEMD_UNIT: "etcd.service",
      SYSLOG_IDENTIFIER: "etcd",
      MESSAGE: line,
    }),
  "journald-bytes": (line, { micros }) =>
    JSON.stringify({
      __REALTIME_TIMESTAMP: micros,
      SYSLOG_IDENTIFIER: "etcd",
      MESSAGE: [...Buffer.from(line)],
    }),
  syslog: (line) => `Nov 24 15:57:26 cp-1 etcd[812]: ${line}`,
  "syslog-iso": (line) => `2026-11-24T15:57:26+0000 cp-1 etcd[812]: ${line}`,
  kubectl: (line) => `[pod/etcd-cp-1/etcd] ${line}`,
  "kubectl-timestamps": (line, { at }) => `[pod/etcd-cp-1/etcd] ${at} ${line}`,
  compose: (line) => `etcd-1  | ${line}`,
  coloured: (line) => `${ESCAPE}[31m${line}${ESCAPE}[0m`,
  quoted: (line) => `> ${line}`,
  "in-quotes": (line) => `"${line}`,
  "windows-ends": (line) => `${line}\r`,
  "python-json": (line) =>
    line.startsWith("{") ? line.replaceAll(/("\w[\w-]*"):/g, "$1: ").replaceAll(/,"(?=\w)/g, ', "') : line,
  "sorted-json": sortKeys,
  csv: (line, { at }) => `"${at}","cp-1","${line.replaceAll('"', '""')}"`,
  "cri-in-docker": (line, { at }) =>
    JSON.stringify({ log: `${at} stderr F ${line}\n`, stream: "stderr", time: at }),
};

/** As `jq -cS` prints it. */
function sortKeys(line: string): string {
  if (!line.startsWith("{")) {
    return line;
  }
  const fields = JSON.parse(line) as Readonly<Record<string, unknown>>;
  return JSON.stringify(
    Object.fromEntries(Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1))),
  );
}

interface JsonRow {
  readonly line: number;
  readonly code: string | null;
}

function rowsOf(out: string): readonly JsonRow[] {
  return out
    .trimEnd()
    .split("\n")
    .map((row) => JSON.parse(row) as JsonRow);
}

describe("cli/run-logs", () => {
  let dir = "";
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "etcdscope-logs-"));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it("tells the likely cause first, with the line that proves it and the next step", async () => {
    const { code, out } = await runEtcdscope(["logs", DISK_FULL]);
    expect(code).toBe(0);
    expect(out).toMatch(/CRITICAL {2}DISK_FULL {3}likely cause/);
    expect(out).toMatch(/disk-full\.log:\d+/);
    expect(out).toContain("now: free space on that file system");
    expect(out).toContain("explains: PEER_LINK_DOWN");
  });

  it("speaks Chinese", async () => {
    const { out } = await runEtcdscope(["logs", DISK_FULL, "--lang", "zh"]);
    expect(out).toContain("etcd 数据所在磁盘已满");
  });

  it("gives one object a line of input with --json, of gzip as of plain files", async () => {
    const zipped = join(dir, "etcd.log.gz");
    writeFileSync(zipped, gzipSync(readFileSync(DISK_FULL)));
    const [plain, unzipped] = await Promise.all([
      runEtcdscope(["logs", "--json", DISK_FULL]),
      runEtcdscope(["logs", "--json", zipped]),
    ]);
    expect(unzipped.out).toBe(plain.out);
    const rows = plain.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly line: number; readonly code: string | null });
    expect(rows.length).toBe(readFileSync(DISK_FULL, "utf8").trimEnd().split("\n").length);
    expect(rows.map(({ line }) => line)).toEqual(rows.map((_, index) => index + 1));
    expect(new Set(rows.map(({ code }) => code))).toEqual(new Set([null, "PEER_LINK_DOWN", "DISK_FULL"]));
  });

  it("finds the same in whatever a log was wrapped in on its way", async () => {
    const lines = readFileSync(DISK_FULL, "utf8").trimEnd().split("\n");
    const at = "2026-11-24T15:57:26.123456789Z";
    const micros = String(Date.parse(at) * 1000);
    const wrapped = Object.entries(SHAPES).map(([name, wrap]) => {
      const path = join(dir, `${name}.log`);
      writeFileSync(path, lines.map((line) => `${wrap(line, { at, micros })}\n`).join(""));
      return path;
    });
    const { code, out } = await runEtcdscope(["logs", "--json", DISK_FULL, ...wrapped]);
    expect(code).toBe(0);
    const found = new Map<string, string[]>();
    for (const row of out.trimEnd().split("\n")) {
      const one = JSON.parse(row) as { readonly file: string; readonly line: number; readonly code: string };
      found.set(one.file, [...(found.get(one.file) ?? []), `${one.line} ${one.code}`]);
    }
    const plain = found.get(DISK_FULL);
    expect(plain).toHaveLength(lines.length);
    for (const path of wrapped) {
      expect(found.get(path), path).toEqual(plain);
    }
  });

  it("knows a line that was cut off, as long as its message is there", async () => {
    const full = readFileSync(DISK_FULL, "utf8")
      .split("\n")
      .find((line) => line.includes("failed to commit tx"));
    const path = join(dir, "cut.log");
    writeFileSync(path, (full ?? "").slice(0, (full ?? "").indexOf("no space left on device") + 23));
    const { out } = await runEtcdscope(["logs", "--json", path]);
    expect(JSON.parse(out)).toMatchObject({ line: 1, code: "DISK_FULL", severity: "critical" });
  });

  it("says that it found nothing, not that nothing is there", async () => {
    const { code, out } = await runEtcdscope(["logs", join(LOG_FIXTURES, "3.5.16-zap/healthy.log")]);
    expect(code).toBe(0);
    expect(out).toContain("that does not prove that there is none");
  });

  it("takes gzip from a stream, and UTF-16 as PowerShell writes it", async () => {
    const text = readFileSync(DISK_FULL);
    const wide = Buffer.from(`\ufeff${text.toString().replaceAll("\n", "\r\n")}`, "utf16le");
    const inputs = [text, gzipSync(text), wide, Buffer.from(wide).swap16(), gzipSync(wide)];
    const told = await Promise.all(inputs.map((input) => runEtcdscope(["logs", "--json", "-"], { input })));
    for (const { code, out } of told) {
      expect([code, out]).toEqual([0, told[0]?.out]);
    }
    expect(rowsOf(told[0]?.out ?? "").filter(({ code }) => code === "DISK_FULL")).toHaveLength(2);
  });

  it("refuses what is no text, and says what it is", async () => {
    const kinds: readonly (readonly [string, Buffer])[] = [
      ["xz", Buffer.from("fd377a585a000004e6d6b446", "hex")],
      ["zstd", Buffer.from("28b52ffd0458000000", "hex")],
      ["zip", Buffer.from("504b0304140000000800", "hex")],
      ["of no known kind", randomBytes(4096)],
    ];
    for (const [name, input] of kinds) {
      const { code, out, error } = await runEtcdscope(["logs", "-"], { input });
      expect([code, out]).toEqual([2, ""]);
      expect(error).toContain(`-: binary or compressed (${name}): `);
    }
  });

  it("tells what could be read of gzip that was cut off, then what could not", async () => {
    const cut = join(dir, "cut.gz");
    const zipped = gzipSync(readFileSync(DISK_FULL));
    writeFileSync(cut, zipped.subarray(0, zipped.length - 20));
    const said = await runEtcdscope(["logs", cut]);
    expect(said.code).toBe(1);
    expect(said.out).toMatch(/CRITICAL {2}DISK_FULL {3}likely cause/);
    expect(said.error).toContain("cut.gz: the gzip data is damaged or cut off");
    const two = await runEtcdscope(["logs", "--json", cut, join(dir, "none.log"), DISK_FULL]);
    expect(two.code).toBe(1);
    expect(two.error).toMatch(/cut off.*no such file/);
    expect(rowsOf(two.out).length).toBeGreaterThan(200);
  });

  it("joins the parts of a line that a container runtime cut, and gives each its row", async () => {
    const path = join(dir, "parts.log");
    const full = readFileSync(DISK_FULL, "utf8")
      .split("\n")
      .find((line) => line.includes("failed to commit tx"));
    const at = "2026-11-24T15:57:26.1Z stderr";
    const parts = [
      `${at} P ${full?.slice(0, 90)}`,
      `${at} P ${full?.slice(90, 120)}`,
      `${at} F ${full?.slice(120)}`,
    ];
    writeFileSync(path, `${[...parts, `${at} F ok`, parts[0]].join("\n")}\n`);
    const { out } = await runEtcdscope(["logs", "--json", path]);
    expect(rowsOf(out).map(({ line, code }) => `${line} ${code}`)).toEqual([
      "1 null",
      "2 null",
      "3 DISK_FULL",
      "4 null",
      "5 ETCD_PANIC",
    ]);
  });

  it("names the port of the line in what to do next", async () => {
    const path = join(dir, "port.log");
    writeFileSync(
      path,
      '{"level":"fatal","ts":"2026-11-24T15:57:26.1Z","caller":"etcdmain/etcd.go:204","msg":"discovery failed","error":"listen tcp 127.0.0.1:12380: bind: address already in use"}\n',
    );
    expect((await runEtcdscope(["logs", path])).out).toContain("ss -ltnp 'sport = :12380'");
  });

  it("names a file that is not there, a directory, and gzip that was cut off", async () => {
    const broken = join(dir, "broken.gz");
    writeFileSync(broken, gzipSync(readFileSync(DISK_FULL)).subarray(0, 300));
    const said = await Promise.all(
      [join(dir, "no.log"), dir, broken].map((file) => runEtcdscope(["logs", file])),
    );
    expect(said.map(({ code }) => code)).toEqual([2, 2, 1]);
    expect(said.map(({ error }) => error).join("")).toMatch(
      /no such file[^]*got a directory[^]*damaged or cut off/,
    );
  });
});
