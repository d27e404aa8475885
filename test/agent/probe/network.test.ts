import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { createNetworkProbe } from "../../../agent/probe/network.ts";
import type { Observation, Probe } from "../../../agent/probe/probe.ts";
import { systemClock } from "../../../shared/clock.ts";
import { discoveredEtcd, probeContext } from "./probe-context.ts";

// As Linux 6.18 prints it.
const SNMP = `Ip: Forwarding DefaultTTL InReceives
Ip: 2 64 9
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors
Tcp: 1 200 120000 -1 4 3 0 1 2 1280 1264 17 0 5 0
Udp: InDatagrams NoPorts
Udp: 0 0
`;

describe("agent/probe/network", () => {
  let procRoot = "";
  let probe: Probe;

  function writeNetstat(fast: number): void {
    const text = `TcpExt: TCPFastRetrans TCPLossProbeRecovery\nTcpExt: ${fast} 2\n`;
    writeFileSync(join(procRoot, "812/net/netstat"), text);
  }

  beforeEach(() => {
    probe = createNetworkProbe();
    procRoot = mkdtempSync(join(tmpdir(), "network-"));
    mkdirSync(join(procRoot, "812/net"), { recursive: true });
    writeFileSync(join(procRoot, "812/net/snmp"), SNMP);
  });

  afterEach(() => {
    rmSync(procRoot, { recursive: true, force: true });
  });

  async function look(pid: number | undefined): Promise<Observation> {
    const host = createLinuxHost({ clock: systemClock, procRoot });
    return await probe.run(probeContext({ host, discovered: discoveredEtcd({}, { pid }) }));
  }

  it("counts the segments of etcd's own network namespace", async () => {
    writeNetstat(7);
    expect((await look(812)).samples).toEqual([
      { key: "node_netstat_Tcp_OutSegs", value: 1264 },
      { key: "node_netstat_Tcp_RetransSegs", value: 17 },
      { key: "etcdscope_tcp_holes_total", value: 9 },
    ]);
  });

  it("does without what a kernel does not tell", async () => {
    expect((await look(812)).samples).toHaveLength(2);
    expect((await look(812)).trigger).toBeUndefined();
  });

  it("asks for the connections when segments are lost between others, and not at its first look", async () => {
    writeNetstat(700);
    expect((await look(812)).trigger).toBeUndefined();
    writeNetstat(701);
    expect((await look(812)).trigger).toBeUndefined();
    writeNetstat(703);
    expect((await look(812)).trigger).toEqual(["peer_sockets"]);
    expect((await look(812)).trigger).toBeUndefined();
    await look(undefined);
    writeNetstat(800);
    expect((await look(812)).trigger).toBeUndefined();
  });

  it("sends nothing without a process, and of one that may not be seen", async () => {
    expect((await look(undefined)).samples ?? []).toEqual([]);
    expect((await look(9)).samples).toEqual([]);
    expect((await probe.run(probeContext())).samples ?? []).toEqual([]);
  });

  it("reads this very machine", async () => {
    const { samples = [] } = await probe.run(probeContext({ discovered: discoveredEtcd({}) }));
    expect(samples.map(({ value }) => Number.isInteger(value))).toEqual([true, true, true]);
  });
});
