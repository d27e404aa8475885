import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { createNetworkProbe } from "../../../agent/probe/network.ts";
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

  beforeEach(() => {
    procRoot = mkdtempSync(join(tmpdir(), "network-"));
    mkdirSync(join(procRoot, "812/net"), { recursive: true });
    writeFileSync(join(procRoot, "812/net/snmp"), SNMP);
  });

  afterEach(() => {
    rmSync(procRoot, { recursive: true, force: true });
  });

  async function look(pid: number | undefined): Promise<unknown> {
    const host = createLinuxHost({ clock: systemClock, procRoot });
    return (await createNetworkProbe().run(probeContext({ host, discovered: discoveredEtcd({}, { pid }) })))
      .samples;
  }

  it("counts the segments of etcd's own network namespace", async () => {
    expect(await look(812)).toEqual([
      { key: "node_netstat_Tcp_OutSegs", value: 1264 },
      { key: "node_netstat_Tcp_RetransSegs", value: 17 },
    ]);
  });

  it("sends nothing without a process, and of one that may not be seen", async () => {
    expect(await look(undefined)).toEqual([]);
    expect(await look(9)).toEqual([]);
    expect((await createNetworkProbe().run(probeContext())).samples).toEqual([]);
  });

  it("reads this very machine", async () => {
    const { samples = [] } = await createNetworkProbe().run(probeContext({ discovered: discoveredEtcd({}) }));
    expect(samples.map(({ value }) => Number.isInteger(value))).toEqual([true, true]);
  });
});
