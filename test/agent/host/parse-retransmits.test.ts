import { describe, expect, it } from "vitest";
import { parseRetransmits } from "../../../agent/host/parse-retransmits.ts";

const SNMP = `Ip: Forwarding DefaultTTL\nIp: 1 64
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors
Tcp: 1 200 120000 -1 2263 1893 1030 42 44 402831 403001 17 0 1201 0
Udp: InDatagrams\nUdp: 3\n`;

describe("agent/host/parse-retransmits", () => {
  it("finds the count by its name", () => {
    expect(parseRetransmits(SNMP)).toBe(17);
  });

  it.each(["", "Tcp: RtoAlgorithm RetransSegs\n", "Tcp: RtoAlgorithm\nTcp: 1\n"])(
    "has none in %j",
    (text) => {
      expect(parseRetransmits(text)).toBeUndefined();
    },
  );
});
