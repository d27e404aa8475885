import { describe, expect, it } from "vitest";
import { parseEventStream } from "../../../collector/console/data/parse-event-stream.ts";

describe("collector/console/data/parse-event-stream", () => {
  it("reads events with their names and ids", () => {
    const text = 'id: a-1\nevent: state\ndata: {"x":1}\n\nretry: 2000\nevent: hello\ndata: {}\n\n';
    expect(parseEventStream(text)).toEqual({
      events: [
        { name: "state", data: '{"x":1}', id: "a-1" },
        { name: "hello", data: "{}", id: undefined },
      ],
      rest: "",
    });
  });

  it("keeps the beginning of an event until its end has come, wherever the pieces are cut", () => {
    const text = "event: finding\r\ndata: one\r\ndata: two: three\r\n\r\nevent: x\ndata: y\n\n";
    for (let cut = 0; cut <= text.length; cut += 1) {
      const first = parseEventStream(text.slice(0, cut));
      const second = parseEventStream(first.rest + text.slice(cut));
      expect([...first.events, ...second.events], `cut at ${cut}`).toEqual([
        { name: "finding", data: "one\ntwo: three", id: undefined },
        { name: "x", data: "y", id: undefined },
      ]);
    }
  });

  it("skips comments and events without data", () => {
    expect(parseEventStream(": ping\n\nevent: empty\n\ndata\n\n").events).toEqual([
      { name: "message", data: "", id: undefined },
    ]);
  });
});
