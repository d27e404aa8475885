import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMemberList, parseStatus } from "../../../agent/etcd/etcd-calls.ts";
import { decodeGrpcFrame, encodeGrpcFrame } from "../../../agent/etcd/grpc-frame.ts";

describe("agent/etcd/grpc-frame", () => {
  it("brings a message back from any number of chunks", () => {
    const frame = encodeGrpcFrame(Uint8Array.of(1, 2, 3));
    expect([...decodeGrpcFrame([frame])]).toEqual([1, 2, 3]);
    expect([...decodeGrpcFrame([frame.subarray(0, 2), frame.subarray(2)])]).toEqual([1, 2, 3]);
  });

  it.each([
    ["nothing", []],
    ["a piece of the prefix", [Buffer.from([0, 0])]],
    ["a compressed message", [Buffer.from([1, 0, 0, 0, 1, 7])]],
    ["a message cut short", [Buffer.from([0, 0, 0, 0, 2, 7])]],
    ["two messages", [Buffer.from([0, 0, 0, 0, 1, 7, 0, 0, 0, 0, 1, 7])]],
  ])("refuses %s", (_, chunks) => {
    expect(() => decodeGrpcFrame(chunks)).toThrow(expect.objectContaining({ reason: "protocol" }) as Error);
  });

  it("gives a message of etcd or one kind of error, whatever bytes an answer holds", () => {
    const answer = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => [Buffer.from(bytes)]),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => [encodeGrpcFrame(bytes)]),
    );
    fc.assert(
      fc.property(answer, (chunks) => {
        for (const parse of [(bytes: Uint8Array) => parseStatus(bytes, "m1"), parseMemberList]) {
          try {
            parse(decodeGrpcFrame(chunks));
          } catch (error) {
            expect(error).toMatchObject({ code: "PROTOCOL_ERROR", reason: "protocol" });
          }
        }
      }),
      { numRuns: 500, interruptAfterTimeLimit: 3000, markInterruptAsFailure: false },
    );
  });
});
