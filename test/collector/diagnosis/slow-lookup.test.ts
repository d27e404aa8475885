import { describe, expect, it } from "vitest";
import { proveSlowLookup } from "../../../collector/diagnosis/slow-lookup.ts";
import type { LinkView } from "../../../collector/view/cluster-view.ts";

const LINK = { node: "m1", atMs: 1000, address: "m2.example:2380", slowLookupMs: 0 } as LinkView;

describe("collector/diagnosis/slow-lookup", () => {
  it("names a name service that was slow, and no other", () => {
    expect(proveSlowLookup(LINK)).toEqual([]);
    expect(proveSlowLookup({ ...LINK, slowLookupMs: 1400, node: undefined })).toEqual([]);
    const [evidence] = proveSlowLookup({ ...LINK, slowLookupMs: 1400 });
    expect(evidence).toMatchObject({ node: "m1", value: 1.4, threshold: 1, unit: "seconds" });
    expect(evidence?.text.en).toContain("looking up the name in m2.example:2380 took 1.4 s");
    expect(evidence?.text.zh).toContain("1.4 秒");
  });
});
