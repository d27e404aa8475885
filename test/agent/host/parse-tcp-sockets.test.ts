import { describe, expect, it } from "vitest";
import { findEstablished, kernelAddresses } from "../../../agent/host/parse-tcp-sockets.ts";

// Lines of a real table (Linux 6.18), addresses changed.
const HEAD =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
function line(
  local: string,
  remote: string,
  rest = "01 00000000:00000000 02:000009A6 00000000     0        0",
): string {
  return `   7: ${local} ${remote} ${rest} 131405 1 000000004e58cb5e 20 4 30 10 -1                    \n`;
}
const OUTGOING = line("0100000A:A41A", "0200000A:094C");
const INCOMING = line("0100000A:094C", "0200000A:D3F2");

describe("agent/host/parse-tcp-sockets", () => {
  it.each([
    ["10.0.0.2", ["0200000A", "0000000000000000FFFF00000200000A"]],
    ["::ffff:10.0.0.2", ["0200000A", "0000000000000000FFFF00000200000A"]],
    ["::1", ["00000000000000000000000001000000"]],
    ["fe80::1%eth0", ["000080FE000000000000000001000000"]],
    ["2001:db8::ff00:42:8329", ["B80D01200000000000FF000029834200"]],
    ["m2.example", undefined],
    ["1:2:3", undefined],
    ["1::2::3", undefined],
  ])("writes %s as the kernel does", (ip, expected) => {
    expect(kernelAddresses(ip)).toEqual(expected);
  });

  const query = { remote: kernelAddresses("10.0.0.2") ?? [], remotePort: 2380, localPort: 2380 };

  it("finds connections to the peer's port and from the peer to ours", () => {
    const found = findEstablished(HEAD + OUTGOING + INCOMING, query);
    expect(found.map(({ localPort, remotePort }) => [localPort, remotePort])).toEqual([
      [42010, 2380],
      [2380, 54258],
    ]);
  });

  it("leaves out the peer's connections to other ports, other peers, other states, and ourselves as the peer", () => {
    const others =
      line("0100000A:094B", "0200000A:D3F2") +
      line("0100000A:A41A", "0300000A:094C") +
      line("0100000A:A41A", "0200000A:094C", "06 00000000:00000000 03:000009A6 00000000     0        0") +
      line("0200000A:094C", "0100000A:A41A");
    expect(findEstablished(HEAD + others, query)).toEqual([]);
  });

  it("asks for incoming ones only when told to", () => {
    expect(findEstablished(HEAD + OUTGOING + INCOMING, { ...query, localPort: undefined })).toHaveLength(1);
  });

  it("reads queue, retransmissions, the time to wait and inode", () => {
    const stuck = line(
      "0100000A:A41A",
      "0200000A:094C",
      "01 00001000:00000000 01:000009A6 00000003     0        0",
    );
    expect(findEstablished(HEAD + stuck, query)).toEqual([
      {
        localPort: 42010,
        remotePort: 2380,
        sendQueueBytes: 4096,
        retransmits: 3,
        retransmitTimeoutMs: 200,
        inode: 131405,
      },
    ]);
  });

  it("finds an IPv4 peer in the table of IPv6", () => {
    const mapped = "0000000000000000FFFF0000";
    const text = HEAD + line(`${mapped}0100000A:094C`, `${mapped}0200000A:D3F2`);
    expect(findEstablished(text, query)).toHaveLength(1);
  });
});
