/** What hangs costs only its own answers: every probe of the agent together, beside things that never come back. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { HostDoor } from "../../agent/host/host-door.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import type { CompletedRun } from "../../agent/probe/completed-run.ts";
import { systemClock } from "../../shared/clock.ts";
import { ProcessState } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { Outcome } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { findWhyNoHungFilesystem } from "../lab/hung-filesystem.ts";
import { runCommand } from "../lab/run-command.ts";
import { waitFor } from "../lab/wait-for.ts";
import { discoveredEtcd } from "./probe/probe-context.ts";
import { startEveryProbe } from "./start-every-probe.ts";
import type { TroubleReport } from "./trouble-machine.ts";

/** Ticks that must come while the others hang; a scheduler that waited for one of them would make one. */
const TICKS = 12;

function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** A file system that has stopped answering: whatever is asked of it never comes back. */
const HUNG: Partial<HostDoor> = {
  readDirectoryFacts: never,
  readFilesystemUsage: never,
  readFileFacts: never,
  readSmallFile: never,
  readLogPart: never,
  listDirectory: never,
  listFileNames: never,
  listDataFiles: never,
  measureFsync: never,
  removeStaleFsyncFile: never,
};

/** Takes every connection and says nothing; counts them. */
async function startSilentPeer(): Promise<{ readonly port: number; readonly accepted: () => number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  });
  const address = server.address();
  return {
    port: typeof address === "object" ? (address?.port ?? 0) : 0,
    accepted: () => sockets.size,
  };
}

/** Runs every probe there is until `isEnough`; what ended. */
async function runAll(
  host: HostDoor,
  port: number,
  isEnough: (runs: readonly CompletedRun[]) => boolean,
): Promise<readonly CompletedRun[]> {
  const discovered = discoveredEtcd({
    "data-dir": "/var/lib/etcd",
    "listen-client-urls": `http://127.0.0.1:${port}`,
    "advertise-client-urls": `http://127.0.0.1:${port}`,
  });
  const { runs, stop } = startEveryProbe({ host, discovered });
  try {
    await waitFor("enough ticks", () => isEnough(runs), { timeoutMs: 20_000, intervalMs: 20 });
  } finally {
    stop();
  }
  return runs;
}

function count(runs: readonly CompletedRun[], probe: string): number {
  return runs.filter((run) => run.probe === probe && run.outcome === Outcome.OK).length;
}

/** As the installed command sets it. */
function findThreads(): string {
  const command = readFileSync(new URL("../../bin/etcdscope", import.meta.url), "utf8");
  return /UV_THREADPOOL_SIZE:-(\d+)/.exec(command)?.[1] ?? "";
}

describe("agent/probe/scheduler, with every probe", () => {
  it("keeps looking at the process while the file system hangs and the peer says nothing", async () => {
    const peer = await startSilentPeer();
    const host = { ...createLinuxHost({ clock: systemClock }), ...HUNG };
    const runs = await runAll(host, peer.port, (all) => count(all, "process") >= TICKS);
    expect(peer.accepted()).toBeGreaterThan(0);
    expect(count(runs, "node")).toBeGreaterThan(0);
    expect(count(runs, "status")).toBe(0);
    expect(count(runs, "filesystem")).toBe(0);
  });

  it("says that a process has gone which vanishes between two reads, and goes on", async () => {
    const peer = await startSilentPeer();
    const host = createLinuxHost({ clock: systemClock });
    let looks = 0;
    const vanishing: HostDoor = {
      ...host,
      // It is there for its first line only: whatever is read of it next finds nothing.
      findProcessStat: (pid) => {
        looks += 1;
        return looks % 2 === 1 ? host.findProcessStat(pid) : undefined;
      },
      findOpenFileCount: () => undefined,
      findResidentBytes: () => undefined,
    };
    const runs = await runAll(vanishing, peer.port, (all) => count(all, "process") >= TICKS);
    const failed = runs.filter(({ probe, outcome }) => probe === "process" && outcome === Outcome.FAILED);
    expect(failed).toEqual([]);
    const states = runs.flatMap(({ observation }) =>
      (observation.facts ?? []).flatMap(({ body }) => (body.case === "process" ? [body.value.state] : [])),
    );
    expect(states).toContain(ProcessState.ABSENT);
    expect(states).toContain(ProcessState.RUNNING);
  });

  it("keeps its ticks and says what it could not see, where everything really hangs at once", async ({
    skip,
  }) => {
    const missing = findWhyNoHungFilesystem();
    if (missing !== undefined) {
      skip(missing.because);
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), "etcdscope-trouble-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const machine = new URL("trouble-machine.ts", import.meta.url).pathname;
    const apart = ["unshare", "--mount", "--net", "--propagation", "private"];
    // It kills itself, as the agent does where a file system keeps it from ending.
    const { stdout, stderr } = await runCommand([...apart, process.execPath, machine, folder], {
      env: { ...process.env, UV_THREADPOOL_SIZE: findThreads() },
    });
    expect(stdout, stderr).toMatch(/^{/);
    const report = JSON.parse(stdout) as TroubleReport;
    expect(report.failed["filesystem_room"]).toContain("did not end");
    expect(report.failed["certificate"]).toContain("did not end");
    // The log is on a disk that works: it is read although those that hang are waited for.
    expect(report.ok["logs"]).toBeGreaterThan(1);
    expect(report.skippedLogBytes).toBeGreaterThan(0);
    expect(report.links).toMatchObject({ "m2/peer": "dns", "m3/peer": "no_certificate" });
    expect(report.acceptedConnections).toBeGreaterThan(0);
    expect(report.questions).toBeGreaterThan(0);
    expect(report.hasWritten).toBe(true);
  });
});
