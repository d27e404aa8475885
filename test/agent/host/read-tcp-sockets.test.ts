import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, connect } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { kernelAddresses } from "../../../agent/host/parse-tcp-sockets.ts";
import { TcpSocketReader } from "../../../agent/host/read-tcp-sockets.ts";
import type { SocketRequest } from "../../../agent/host/read-tcp-sockets.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { Clock } from "../../../shared/clock.ts";

const REQUEST: SocketRequest = {
  pid: 812,
  remote: kernelAddresses("10.0.0.2") ?? [],
  remotePort: 2380,
  localPort: undefined,
  withIpv6: false,
  isInDoubt: false,
};

function tableLine(inode: number): string {
  return `   1: 0100000A:A41A 0200000A:094C 01 00000000:00000000 02:000009A6 00000000     0        0 ${inode} 1 0\n`;
}

describe("agent/host/read-tcp-sockets", () => {
  let proc: string;
  let nowUs: number;
  /** What one read of a table costs. */
  let readCostUs: number;
  const clock: Clock = {
    nowMs: () => nowUs / 1000,
    monotonicUs: () => {
      nowUs += readCostUs;
      return nowUs;
    },
    after: () => ({ cancel: () => undefined }),
  };

  beforeEach(() => {
    proc = mkdtempSync(join(tmpdir(), "etcdscope-proc-"));
    mkdirSync(join(proc, "812/net"), { recursive: true });
    mkdirSync(join(proc, "812/fd"));
    mkdirSync(join(proc, "self/fd"), { recursive: true });
    nowUs = 1_000_000;
    readCostUs = 0;
    write([], 0);
  });

  afterEach(() => rmSync(proc, { recursive: true, force: true }));

  function write(inodes: readonly number[], retransmits: number): void {
    writeFileSync(join(proc, "812/net/tcp"), inodes.map(tableLine).join(""));
    const snmp = `Tcp: RtoAlgorithm CurrEstab RetransSegs\nTcp: 1 7 ${retransmits}\n`;
    writeFileSync(join(proc, "812/net/snmp"), snmp);
  }

  function owns(folder: string, inode: number): void {
    symlinkSync(`socket:[${inode}]`, join(proc, folder, String(inode)));
  }

  function inodesAt(
    reader: TcpSocketReader,
    request: SocketRequest = REQUEST,
  ): readonly number[] | undefined {
    return reader.look(request).sockets?.map((socket) => socket.inode);
  }

  it("tells etcd's sockets from others", () => {
    write([5, 6], 0);
    owns("812/fd", 5);
    expect(inodesAt(new TcpSocketReader(proc, clock))).toEqual([5]);
  });

  it("leaves out the agent's own where etcd's descriptors may not be read", () => {
    write([5, 6], 0);
    rmSync(join(proc, "812/fd"), { recursive: true });
    owns("self/fd", 6);
    expect(inodesAt(new TcpSocketReader(proc, clock))).toEqual([5]);
  });

  it("cannot tell when there is no table", () => {
    rmSync(join(proc, "812/net"), { recursive: true });
    expect(new TcpSocketReader(proc, clock).look(REQUEST).sockets).toBeUndefined();
  });

  it("reads the table again when something was retransmitted, in doubt, and after a while", () => {
    const reader = new TcpSocketReader(proc, clock);
    owns("812/fd", 5);
    expect(inodesAt(reader)).toEqual([]);
    write([5], 0);
    nowUs += 1_000_000;
    expect(inodesAt(reader), "nothing happened").toEqual([]);
    expect(inodesAt(reader, { ...REQUEST, isInDoubt: true }), "in doubt").toEqual([5]);
    write([], 1);
    nowUs += 1_000_000;
    expect(inodesAt(reader), "retransmitted").toEqual([]);
    write([5], 1);
    nowUs += 60_000_000;
    expect(inodesAt(reader), "a while has passed").toEqual([5]);
  });

  it("reads the table once for all that is asked for, and once more for what was not asked for before", () => {
    const reader = new TcpSocketReader(proc, clock);
    const other = { ...REQUEST, remotePort: 2381 };
    write([5], 0);
    owns("812/fd", 5);
    expect(inodesAt(reader)).toEqual([5]);
    nowUs += 1_000_000;
    expect(reader.look(other)).toEqual({ sockets: [], readUs: nowUs });
    write([], 1);
    nowUs += 1_000_000;
    expect(reader.look(REQUEST)).toEqual({ sockets: [], readUs: nowUs });
    expect(reader.look(other)).toEqual({ sockets: [], readUs: nowUs });
    for (let port = 1; port <= 200; port += 1) {
      reader.look({ ...REQUEST, remotePort: port });
    }
    expect(inodesAt(reader), "however much has been asked for").toEqual([]);
  });

  it("reads a dear table a few times in a row, and then no oftener than a thousandth of the time allows", () => {
    const reader = new TcpSocketReader(proc, clock);
    let reads = 0;
    let lastUs = 0;
    for (let tick = 0; tick < 60; tick += 1) {
      readCostUs = 2_000;
      const { readUs } = reader.look({ ...REQUEST, isInDoubt: true });
      readCostUs = 0;
      nowUs += 1_000_000;
      if (readUs !== lastUs) {
        lastUs = readUs;
        reads += 1;
      }
      if (tick === 3) {
        expect(reads).toBeGreaterThanOrEqual(3);
      }
    }
    expect(reads).toBeLessThan(40);
    expect(reads).toBeGreaterThan(10);
  });

  it("sees a connection of this process in the real table", async () => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    const look = new TcpSocketReader("/proc", systemClock).look({
      ...REQUEST,
      pid: process.pid,
      remote: kernelAddresses("127.0.0.1") ?? [],
      remotePort: port,
    });
    expect(look.sockets).toEqual([
      expect.objectContaining({ remotePort: port, localPort: socket.localPort, retransmits: 0 }),
    ]);
    socket.destroy();
    server.close();
  });
});
