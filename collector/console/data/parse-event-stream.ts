/** Server-sent events out of text that comes in pieces. Pure; EventSource itself cannot carry a token. */
export interface StreamEvent {
  readonly name: string;
  readonly data: string;
  readonly id: string | undefined;
}

export interface ParsedEvents {
  readonly events: readonly StreamEvent[];
  /** The beginning of an event whose end has not come yet. */
  readonly rest: string;
}

export function parseEventStream(text: string): ParsedEvents {
  const blocks = text.replaceAll("\r\n", "\n").split("\n\n");
  const rest = blocks.pop() ?? "";
  return { events: blocks.flatMap(parseBlock), rest };
}

function parseBlock(block: string): readonly StreamEvent[] {
  let name = "message";
  let id: string | undefined;
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const [, field, value = ""] = /^([^:]+):? ?(.*)$/.exec(line) ?? [];
    if (field === "event") {
      name = value;
    } else if (field === "id") {
      id = value;
    } else if (field === "data") {
      data.push(value);
    }
  }
  return data.length === 0 ? [] : [{ name, data: data.join("\n"), id }];
}
