import { describe, expect, it } from "vitest";
import { evaluate } from "../../../collector/diagnosis/evaluate.ts";
import { DEFAULT_THRESHOLDS } from "../../../collector/diagnosis/thresholds.ts";
import { EMPTY_TRACKER } from "../../../collector/diagnosis/track.ts";
import { foldCluster } from "../../../collector/view/fold.ts";
import type { ClusterFrames } from "../../../collector/view/node-state.ts";
import { COMMANDS } from "../../scenario/commands.ts";
import { World } from "../../scenario/world.ts";

describe("collector/diagnosis/report-state", () => {
  it("says by which version a member's files can be read, and where a downgrade goes", () => {
    const world = new World();
    for (const line of ["voters m1 m2", "version m1 3.6.4 storage=3.5.0 downgrade=3.5.0"]) {
      const [name = "", ...args] = line.split(" ");
      COMMANDS[name]?.(world, args);
    }
    let frames: ClusterFrames = { cluster: "prod-a", nodes: new Map() };
    frames = world.tick().reduce(foldCluster, frames);
    const evaluation = evaluate(frames, EMPTY_TRACKER, {
      nowMs: world.nowMs,
      thresholds: DEFAULT_THRESHOLDS,
      expectedVoters: undefined,
      collectorStartedAtMs: 0,
    });
    const { members } = evaluation.state;
    expect(
      members.map(({ version, storageVersion, downgradeTarget }) => [
        version,
        storageVersion,
        downgradeTarget,
      ]),
    ).toEqual([
      ["3.6.4", "3.5.0", "3.5.0"],
      ["3.5.30", null, null],
    ]);
  });
});
