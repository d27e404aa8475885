/** Discovery beside real etcd processes: started by flags, by environment, by file, and ones that are no server. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDiscovery, type Discovery } from "../../agent/discovery/discovery.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { systemClock } from "../../shared/clock.ts";
import { silentLog } from "../agent/silent-log.ts";
import { ensureEtcd } from "../lab/etcd-binaries.ts";
import { findFreePorts } from "../lab/free-ports.ts";
import { waitFor } from "../lab/wait-for.ts";

const binaries = await ensureEtcd("3.4");
const why = binaries.kind === "unavailable" ? ` (skipped: ${binaries.because})` : "";
/** As /proc names it: without symbolic links. */
const ETCD = binaries.kind === "unavailable" ? "" : realpathSync(binaries.etcd);

describe.skipIf(binaries.kind === "unavailable")(`test/integration/discovery${why}`, () => {
  let directory: string;
  let started: ChildProcess[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "discovery-"));
    started = [];
  });

  afterEach(async () => {
    await Promise.all(started.map(end));
    rmSync(directory, { recursive: true, force: true });
  });

  function end(child: ChildProcess): Promise<void> {
    return new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) {
        resolve();
        return;
      }
      child.once("exit", () => resolve());
      child.kill("SIGKILL");
    });
  }

  async function startEtcd(
    words: readonly string[],
    environment: Record<string, string>,
  ): Promise<ChildProcess> {
    const child = spawn(ETCD, words, { cwd: directory, env: environment, stdio: "ignore" });
    started.push(child);
    await new Promise((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    return child;
  }

  async function urls(): Promise<{ client: string; peer: string }> {
    const [client, peer] = await findFreePorts(2);
    return { client: `http://127.0.0.1:${client}`, peer: `http://127.0.0.1:${peer}` };
  }

  function discover(name: string): Discovery {
    return createDiscovery({
      host: createLinuxHost({ clock: systemClock }),
      wanted: { name, dataDir: undefined },
      clock: systemClock,
      log: silentLog,
      onChange: () => undefined,
    });
  }

  async function waitForPid(discovery: Discovery, pid: number | undefined): Promise<void> {
    await waitFor(
      "the process to be found",
      () => {
        discovery.refresh();
        return discovery.discovered()?.pid === pid;
      },
      { timeoutMs: 20_000, intervalMs: 20, describeLast: () => discovery.note() },
    );
  }

  it("follows a member through its end and its next start, with a relative data directory", async () => {
    const { client, peer } = await urls();
    const name = `discovery-${process.pid}`;
    const words = [
      "--name",
      name,
      "--data-dir=d",
      "--listen-client-urls",
      client,
      `--advertise-client-urls=${client}`,
    ];
    const environment = { ETCD_LISTEN_PEER_URLS: peer };
    const discovery = discover(name);
    discovery.refresh();
    expect(discovery.discovered()).toBeUndefined();
    expect(discovery.note()).not.toBe("");

    const first = await startEtcd(words, environment);
    await waitForPid(discovery, first.pid);
    expect(discovery.discovered()).toMatchObject({
      executable: ETCD,
      rootPrefix: "",
      flags: { dataDir: join(directory, "d"), listenPeerUrls: [peer] },
    });
    expect(Math.abs((discovery.discovered()?.startedAtMs ?? 0) - systemClock.nowMs())).toBeLessThan(5000);

    await end(first);
    discovery.refresh();
    expect(discovery.discovered()).toMatchObject({ pid: undefined, flags: { name } });

    const second = await startEtcd(words, environment);
    await waitForPid(discovery, second.pid);
    expect(discovery.note()).toBe("");
  });

  it("reads a configuration file, which is all that etcd then goes by", async () => {
    const { client, peer } = await urls();
    const name = `discovery-file-${process.pid}`;
    writeFileSync(
      join(directory, "etcd.yaml"),
      [
        `name: ${name}`,
        "data-dir: f",
        `listen-client-urls: ${client}`,
        `advertise-client-urls: ${client}`,
        `listen-peer-urls: ${peer}`,
      ].join("\n"),
    );
    const child = await startEtcd(["--config-file", "etcd.yaml", "--name", "ignored"], {
      ETCD_ELECTION_TIMEOUT: "9000",
    });
    const discovery = discover(name);
    await waitForPid(discovery, child.pid);
    expect(discovery.discovered()?.flags).toMatchObject({
      name,
      dataDir: join(directory, "f"),
      electionTimeoutMs: 1000,
      listenClientUrls: [client],
    });
  });

  it("does not take etcd's other uses of its program for a server", async () => {
    const name = `discovery-other-${process.pid}`;
    const child = await startEtcd(
      ["gateway", "start", `--listen-addr=127.0.0.1:${(await findFreePorts(1))[0]}`, "--name", name],
      {},
    );
    const discovery = discover(name);
    discovery.refresh();
    expect(child.exitCode).toBeNull();
    expect(discovery.discovered()).toBeUndefined();
  });
});
