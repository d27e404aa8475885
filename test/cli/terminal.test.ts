import { describe, expect, it } from "vitest";
import { createTerminal } from "../../cli/terminal.ts";

function terminal(isTTY: boolean, environment: NodeJS.ProcessEnv): ReturnType<typeof createTerminal> {
  const out = { isTTY, columns: 200, write: () => true } as unknown as NodeJS.WriteStream;
  return createTerminal({ out, error: out }, environment, undefined);
}

describe("cli/terminal", () => {
  it("colours a terminal and nothing else", () => {
    expect(terminal(true, {}).style("red", "x")).toBe("\u001b[31mx\u001b[39m");
    expect(terminal(false, {}).style("red", "x")).toBe("x");
    expect(terminal(true, { NO_COLOR: "1" }).style("red", "x")).toBe("x");
    expect(terminal(true, { NO_COLOR: "" }).style("red", "x")).not.toBe("x");
    expect(terminal(true, { TERM: "dumb" }).style("red", "x")).toBe("x");
  });

  it("takes 80 columns where nobody watches, and never more than can be read", () => {
    expect(terminal(false, {}).columns).toBe(80);
    expect(terminal(true, {}).columns).toBe(120);
  });

  it("speaks the locale's language", () => {
    expect(terminal(false, { LANG: "zh_CN.UTF-8" }).language).toBe("zh");
    expect(terminal(false, { LANG: "zh_CN.UTF-8", LC_ALL: "C" }).language).toBe("en");
    expect(terminal(false, {}).language).toBe("en");
  });
});
