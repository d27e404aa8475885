import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { mergeSettings } from "../../../agent/probe/merge-settings.ts";
import { SettingsSchema } from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import type { Settings } from "../../../shared/gen/etcdscope/v1/stream_pb.js";

function settings(hashRound: bigint, fsyncProbeMinIntervalMs = 0): Settings {
  return create(SettingsSchema, { hashRound, fsyncProbeMinIntervalMs });
}

describe("agent/probe/merge-settings", () => {
  it("compares all members for the first collector alone, also while that one is away", () => {
    expect(mergeSettings([settings(5n), settings(9n)]).hashRound).toBe(5n);
    expect(mergeSettings([undefined, settings(9n)]).hashRound).toBe(0n);
    expect(mergeSettings([settings(0n), settings(9n)]).hashRound).toBe(0n);
    expect(mergeSettings([]).hashRound).toBe(0n);
  });

  it("is as gentle with the disk as the gentlest asks", () => {
    expect(mergeSettings([settings(0n, 5000), settings(0n, 60_000)]).fsyncProbeMinIntervalMs).toBe(60_000);
  });
});
