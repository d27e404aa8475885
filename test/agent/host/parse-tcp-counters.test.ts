import { describe, expect, it } from "vitest";
import { parseTcpCounters, parseTcpHoles } from "../../../agent/host/parse-tcp-counters.ts";

const SNMP = `Ip: Forwarding DefaultTTL\nIp: 1 64
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors
Tcp: 1 200 120000 -1 2263 1893 1030 42 44 402831 403001 17 0 1201 0
Udp: InDatagrams\nUdp: 3\n`;

describe("agent/host/parse-tcp-counters", () => {
  it("finds the counts by their names", () => {
    expect(parseTcpCounters(SNMP)).toEqual({ sent: 403_001, retransmits: 17 });
  });

  it.each(["", "Tcp: RtoAlgorithm RetransSegs CurrEstab\n", "Tcp: RtoAlgorithm\nTcp: 1\n"])(
    "has none in %j",
    (text) => {
      expect(parseTcpCounters(text)).toEqual({
        sent: undefined,
        retransmits: undefined,
      });
    },
  );

  it("counts what was lost between others that arrived", () => {
    // The columns around them as Linux 6.18 has them.
    const netstat = `TcpExt: TCPLossFailures TCPFastRetrans TCPSlowStartRetrans TCPTimeouts TCPLossProbes TCPLossProbeRecovery
TcpExt: 0 40 7 50 55 12
IpExt: InNoRoutes TCPFastRetrans\nIpExt: 0 9\n`;
    expect(parseTcpHoles(netstat)).toBe(52);
  });

  it.each(["", "TcpExt: TCPFastRetrans\n", "TcpExt: TCPFastRetrans TCPTimeouts\nTcpExt: 1 2\n"])(
    "knows no holes from %j",
    (text) => {
      expect(parseTcpHoles(text)).toBeUndefined();
    },
  );
});
