/**
 * Every probe of the agent on a machine that is in trouble, as a process of its own: in a mount and a network namespace, with a file
 * system and a name service that never answer, a member that accepts and says nothing, and a log that is flooded. Prints what
 * the probes said, and ends itself, since nothing else could: threads of it wait in the kernel.
 */
import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { appendFileSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import type { CompletedRun } from "../../agent/probe/completed-run.ts";
import { systemClock } from "../../shared/clock.ts";
import { Outcome } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { mountHungFilesystem } from "../lab/hung-filesystem.ts";
import { waitFor } from "../lab/wait-for.ts";
import { discoveredEtcd, TEST_CONFIG } from "./probe/probe-context.ts";
import { startEveryProbe } from "./start-every-probe.ts";

export interface TroubleReport {
  /** Runs that went well while the rest hung, by probe. */
  readonly ok: Readonly<Record<string, number>>;
  /** The last failure of each probe that had one. */
  readonly failed: Readonly<Record<string, string>>;
  /** Error codes of links, by "member/port". */
  readonly links: Readonly<Record<string, string>>;
  readonly skippedLogBytes: number;
  readonly acceptedConnections: number;
  /** Asked of the name service. */
  readonly questions: number;
  /** A write to a disk that works came back. */
  readonly hasWritten: boolean;
}

/** Ticks of the process probe from when all the trouble has been met. */
const TICKS = 12;
/** In 40 ms: 100,000 lines a second. */
const LINES_A_TURN = 4000;
const LINE = `${JSON.stringify({
  level: "warn",
  ts: "2026-11-25T04:10:00.000Z",
  caller: "etcdserver/util.go:123",
  msg: "apply request took too long",
  took: "1.2s",
})}\n`;
/** A disk of its own that fills up would be trouble of another kind. */
const MAX_TURNS = 250;

async function report(folder: string): Promise<TroubleReport> {
  spawnSync("ip", ["link", "set", "lo", "up"]);
  writeFileSync(join(folder, "resolv.conf"), "nameserver 127.0.0.1\n");
  const resolver = realpathSync("/etc/resolv.conf");
  spawnSync("mount", ["--bind", join(folder, "resolv.conf"), resolver]);
  let questions = 0;
  const names = createSocket("udp4", () => (questions += 1));
  await new Promise<void>((resolve) => names.bind(53, "127.0.0.1", resolve));
  const hung = join(folder, "hung");
  const mounted = mountHungFilesystem(hung);
  if (mounted.kind === "unavailable") {
    throw new Error(mounted.because);
  }
  let accepted = 0;
  const peer = createServer((socket) => {
    accepted += 1;
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => peer.listen(2379, "127.0.0.1", resolve));
  const logPath = join(folder, "etcd.log");
  const lines = LINE.repeat(LINES_A_TURN);
  let turns = 0;
  appendFileSync(logPath, lines);
  const flood = setInterval(() => {
    turns += 1;
    if (turns < MAX_TURNS) {
      appendFileSync(logPath, lines);
    }
  }, 40);
  const discovered = discoveredEtcd({
    name: "m1",
    "data-dir": join(hung, "data"),
    "listen-client-urls": "http://127.0.0.1:2379",
    "advertise-client-urls": "http://127.0.0.1:2379",
    "initial-cluster": "m1=http://127.0.0.1:2380,m2=http://m2.etcd.example:2380,m3=https://10.0.0.3:2380",
    "peer-cert-file": join(hung, "pki/peer.crt"),
    "peer-key-file": join(hung, "pki/peer.key"),
    "peer-trusted-ca-file": join(hung, "pki/ca.crt"),
  });
  const { runs, stop } = startEveryProbe({
    host: createLinuxHost({ clock: systemClock }),
    discovered,
    config: {
      etcd: { ...TEST_CONFIG.etcd, logs: `file:${logPath}` },
      backups: { dir: join(hung, "backup"), maxAgeMs: 1e8 },
    },
  });
  const limits = { timeoutMs: 60_000, intervalMs: 20 };
  const met = ["filesystem_room", "certificate", "status"];
  await waitFor(
    "all the trouble is met",
    () => {
      const links = listLinks(runs);
      return (
        met.every((probe) => listFailures(runs)[probe] !== undefined) &&
        links["m2/peer"] !== undefined &&
        links["m3/peer"] !== undefined &&
        countSkipped(runs) > 0
      );
    },
    limits,
  );
  const before = countOk(runs)["process"] ?? 0;
  await waitFor("ticks go on", () => (countOk(runs)["process"] ?? 0) >= before + TICKS, limits);
  await writeFile(join(folder, "spool"), "kept");
  stop();
  clearInterval(flood);
  return {
    ok: countOk(runs),
    failed: listFailures(runs),
    links: listLinks(runs),
    skippedLogBytes: countSkipped(runs),
    acceptedConnections: accepted,
    questions,
    hasWritten: readFileSync(join(folder, "spool"), "utf8") === "kept",
  };
}

function countOk(runs: readonly CompletedRun[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { probe, outcome } of runs) {
    if (outcome === Outcome.OK) {
      counts[probe] = (counts[probe] ?? 0) + 1;
    }
  }
  return counts;
}

function listFailures(runs: readonly CompletedRun[]): Record<string, string> {
  const failures = runs.filter(({ outcome }) => outcome === Outcome.FAILED || outcome === Outcome.TIMED_OUT);
  return Object.fromEntries(
    failures.map(({ probe, errorCode, errorText }) => [probe, `${errorCode}: ${errorText}`]),
  );
}

function listLinks(runs: readonly CompletedRun[]): Record<string, string> {
  const links: Record<string, string> = {};
  for (const { observation } of runs) {
    for (const { body } of observation.facts ?? []) {
      if (body.case === "link" && body.value.errorCode !== "") {
        links[`${body.value.toName}/${body.value.port === 2 ? "peer" : "client"}`] = body.value.errorCode;
      }
    }
  }
  return links;
}

function countSkipped(runs: readonly CompletedRun[]): number {
  return runs
    .flatMap(({ observation }) => observation.samples ?? [])
    .reduce(
      (most, { key, value }) => (key === "etcdscope_log_skipped_bytes_total" ? Math.max(most, value) : most),
      0,
    );
}

const told = JSON.stringify(await report(process.argv[2] ?? "/nowhere"));
process.stdout.write(told, () => process.kill(process.pid, "SIGKILL"));
