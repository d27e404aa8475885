import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frameMessage, MessageCutter } from "../../../agent/stream/message-frames.ts";
import { LIMITS } from "../../../shared/limits.ts";

describe("agent/stream/message-frames", () => {
  it("gives back every message, wherever the transport cuts", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 10 }),
        (messages, cuts) => {
          const bytes = Buffer.concat(messages.map((message) => frameMessage(message)));
          const cutter = new MessageCutter();
          const got: Uint8Array[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const next = at + (cuts[turn % cuts.length] ?? 1);
            got.push(...cutter.cut(bytes.subarray(at, next)));
            at = next;
          }
          expect(got.map((message) => [...message])).toEqual(messages.map((message) => [...message]));
        },
      ),
    );
  });

  it.each([
    ["compressed", Buffer.from([1, 0, 0, 0, 0]), "uncompressed"],
    ["too long", frameHead(LIMITS.messageBytes + 1), "at most"],
  ])("refuses a message that is %s, before its bytes are there", (_, head, words) => {
    expect(() => new MessageCutter().cut(head)).toThrow(words);
  });
});

function frameHead(length: number): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  return head;
}
