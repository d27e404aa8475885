import { describe, expect, it } from "vitest";
import { createPartJoiner } from "../../../shared/log/join-parts.ts";
import { MAX_LINE_BYTES } from "../../../shared/log/split-lines.ts";
import { codeOf } from "./classify-file.ts";

const AT = "2026-11-24T15:55:43.414812345Z";

/** What comes out at each line, and at the end. */
function f(lines: readonly string[]): readonly unknown[] {
  const joiner = createPartJoiner();
  return [...lines.map((line) => joiner.push(line)), joiner.end()];
}

describe("shared/log/join-parts", () => {
  it("lets whole lines pass", () => {
    const lines = ["{}", "", `${AT} stderr F a`, "2026-11-24 16:02:20.196164 I | etcdmain: a P b", "} x"];
    expect(f(lines)).toEqual([...lines, []]);
  });

  it("joins the parts of a CRI line, each stream's own", () => {
    expect(
      f([`${AT} stderr P a`, `${AT} stdout P 1`, `${AT} stderr P b `, "other", `${AT} stderr F c`]),
    ).toEqual([undefined, undefined, undefined, "other", `${AT} stderr F ab c`, [`${AT} stdout F 1`]]);
  });

  it("keeps no more of a line than is looked at", () => {
    const part = `${AT} stderr P ${"x".repeat(16_000)}`;
    const [joined] = f([...Array.from({ length: 100 }, () => part), `${AT} stderr F end`]).slice(
      -2,
    ) as string[];
    expect(joined?.length).toBeLessThan(MAX_LINE_BYTES + 100);
  });

  it("joins an object that jq printed over several lines, and gives up what is none", () => {
    const object = {
      caller: "backend/batch_tx.go:282",
      error: "write /d/member/snap/db: no space left on device",
      level: "fatal",
      msg: "failed to commit tx",
      ts: "2026-11-24T15:55:43.414693Z",
    };
    const lines = JSON.stringify(object, null, 2).split("\n");
    const said = f([...lines, ...lines]);
    expect(said.filter((line) => typeof line === "string").map((line) => codeOf(line))).toEqual([
      "DISK_FULL",
      "DISK_FULL",
    ]);
    expect(f(["{", '  "a": 1,', "panic: x", "}"])).toEqual([undefined, undefined, "panic: x", "}", []]);
  });
});
