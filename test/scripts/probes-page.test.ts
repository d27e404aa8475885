import { describe, expect, it } from "vitest";
import { PROBE_NOTES } from "../../scripts/probe-notes.ts";
import { isProbesPageFresh, listProbes } from "../../scripts/probes-page.ts";

describe("scripts/probes-page", () => {
  it("has a note on every probe, and on no other", () => {
    expect(Object.keys(PROBE_NOTES).sort()).toEqual(
      listProbes()
        .map(({ name }) => name)
        .sort(),
    );
  });

  it("has written docs/PROBES.md as it is (npm run generate writes it anew)", async () => {
    expect(await isProbesPageFresh()).toBe(true);
  });
});
