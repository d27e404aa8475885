import { describe, expect, it } from "vitest";
import { cutText, padText, textWidth, wrapText } from "../../../cli/view/text-width.ts";

describe("cli/view/text-width", () => {
  it.each([
    ["etcd", 4],
    ["磁盘已满", 8],
    ["m3 磁盘", 7],
    ["\u001b[31mred\u001b[39m", 3],
    ["é", 1],
    ["e\u0301", 1],
    ["，", 2],
    ["▁█→…", 4],
  ])("measures %j", (text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  it("pads and cuts by columns, not by characters", () => {
    expect(padText("磁盘", 6)).toBe("磁盘  ");
    expect(cutText("磁盘已满", 5)).toBe("磁盘…");
    expect(cutText("disk", 4)).toBe("disk");
    expect(cutText("disk full", 5)).toBe("disk…");
  });

  it("breaks English at spaces and keeps a long word whole", () => {
    expect(wrapText("the next failure stops all writes", 12)).toEqual([
      "the next",
      "failure",
      "stops all",
      "writes",
    ]);
    expect(wrapText("a /very/long/path/name b", 8)).toEqual(["a", "/very/long/path/name", "b"]);
  });

  it("breaks Chinese anywhere but before its punctuation", () => {
    expect(wrapText("再发生一次故障，所有写入都将停止", 14)).toEqual([
      "再发生一次故障，",
      "所有写入都将停",
      "止",
    ]);
  });
});
