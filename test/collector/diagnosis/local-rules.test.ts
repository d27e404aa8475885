/** The rules as `etcdscope diagnose` has them: what one look is enough for. */
import { describe, expect, it } from "vitest";
import { evaluate } from "../../../collector/diagnosis/evaluate.ts";
import { LOCAL_RULES } from "../../../collector/diagnosis/local-rules.ts";
import { RULES } from "../../../collector/diagnosis/registry.ts";
import type { Rule } from "../../../collector/diagnosis/rule.ts";
import { DEFAULT_THRESHOLDS } from "../../../collector/diagnosis/thresholds.ts";
import { EMPTY_TRACKER } from "../../../collector/diagnosis/track.ts";
import { foldCluster } from "../../../collector/view/fold.ts";
import type { ClusterFrames } from "../../../collector/view/node-state.ts";
import { COMMANDS } from "../../scenario/commands.ts";
import { World } from "../../scenario/world.ts";

/** What the rules say of m1's certificates when it has been looked at for four seconds, and the port showed `served`. */
function lookOnce(rules: readonly Rule[], served: string): string | undefined {
  const world = new World();
  const say = (line: string): void => {
    const [name = "", ...args] = line.split(" ");
    COMMANDS[name]?.(world, args);
  };
  say("voters m1");
  say("cert m1 peer 200d serial=7f30 age=3");
  say(`served m1>m1 peer=${served}`);
  let frames: ClusterFrames = { cluster: "local", nodes: new Map() };
  for (let second = 0; second < 4; second += 1) {
    frames = world.tick().reduce(foldCluster, frames);
    world.nowMs += 1000;
  }
  const { checks } = evaluate(frames, EMPTY_TRACKER, {
    nowMs: world.nowMs,
    thresholds: DEFAULT_THRESHOLDS,
    expectedVoters: undefined,
    collectorStartedAtMs: 0,
    rules,
  });
  const found = checks.find(({ rule }) => rule.code === "CERT_NOT_RELOADED");
  return found?.outcomes?.at(0)?.kind;
}

describe("collector/diagnosis/local-rules", () => {
  it("says of one look that a port serves another certificate than its file holds", () => {
    expect(lookOnce(LOCAL_RULES, "99aa")).toBe("bad");
    expect(lookOnce(LOCAL_RULES, "7f30")).toBe("ok");
    // A collector has time, and the file may have been replaced since it was looked at.
    expect(lookOnce(RULES, "99aa")).toBe("unknown");
  });

  it("has every rule of the registry, and none waits", () => {
    expect(LOCAL_RULES.map(({ code }) => code)).toEqual(["ETCD_NOT_FOUND", ...RULES.map(({ code }) => code)]);
    expect(LOCAL_RULES.every(({ holdMs }) => holdMs === 0)).toBe(true);
  });
});
