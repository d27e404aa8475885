import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseSocketDiagnostics } from "../../../agent/host/parse-socket-diagnostics.ts";

const FOLDER = join(import.meta.dirname, "../../fixture/socket-diagnostics");

function readFixture(name: string): string {
  return readFileSync(join(FOLDER, `${name}.txt`), "utf8");
}

describe("agent/host/parse-socket-diagnostics", () => {
  it("reads both lines of every connection", () => {
    const sockets = parseSocketDiagnostics(readFixture("healthy"));
    expect(sockets).toHaveLength(16);
    expect(sockets[1]).toEqual({
      inode: 2_854_520,
      localPort: 57_412,
      remoteIp: "10.99.0.12",
      remotePort: 2380,
      sendQueueBytes: 0,
      roundTripUs: 1424,
      deviationUs: 2758,
      leastRoundTripUs: 33,
      timeouts: 0,
      unacknowledged: 0,
      resent: 1,
      sent: 4,
      sinceSentMs: 7532,
      sinceReceivedMs: 4,
      sinceAcknowledgedMs: 4,
    });
    expect(sockets.every(({ timeouts }) => timeouts === 0)).toBe(true);
  });

  it("reads timeouts in a row and what is in flight where packets are dropped", () => {
    const sockets = parseSocketDiagnostics(readFixture("dropped"));
    expect(sockets.find(({ inode }) => inode === 2_853_656)).toMatchObject({
      sendQueueBytes: 2838,
      timeouts: 4,
      unacknowledged: 1,
      resent: 5,
      sinceAcknowledgedMs: 3344,
    });
    const waiting = sockets.filter(({ timeouts }) => timeouts > 0);
    expect(waiting).toHaveLength(4);
    expect(new Set(waiting.map(({ remoteIp }) => remoteIp))).toEqual(new Set(["10.99.0.12"]));
  });

  it("reads one line a connection, with its state before it", () => {
    const [both] = parseSocketDiagnostics(readFixture("healthy"));
    const [one] = parseSocketDiagnostics(readFixture("one-line"));
    expect(one).toEqual({ ...both, sinceSentMs: 932, sinceReceivedMs: 7532, sinceAcknowledgedMs: 932 });
  });

  it("reads addresses of IPv6, also those that stand for IPv4", () => {
    const f = (end: string, want: string): void =>
      expect(parseSocketDiagnostics(`0 0 [::1]:2380 ${end}:40112 ino:7 sk:1 <->\n`)[0]).toMatchObject({
        inode: 7,
        remoteIp: want,
        remotePort: 40_112,
        roundTripUs: undefined,
      });
    f("[::ffff:10.0.0.2]", "10.0.0.2");
    f("[fe80::2]%eth0", "fe80::2");
    f("[fd00::3]", "fd00::3");
  });

  it("leaves out what it does not understand", () => {
    expect(parseSocketDiagnostics("")).toEqual([]);
    expect(parseSocketDiagnostics("Netid State\n\t cubic rtt:1/2\n0 0 a b\n")).toEqual([]);
  });
});
