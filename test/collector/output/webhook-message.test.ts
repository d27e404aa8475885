import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { deliveryId, renderWebhook, signBody } from "../../../collector/output/webhook-message.ts";
import { AT, sampleFinding } from "./sample-finding.ts";

const NEWS = { event: "opened", cluster: "prod-a", at: AT, finding: sampleFinding() } as const;

describe("collector/output/webhook-message", () => {
  it("sends the whole finding and how soon to respond", () => {
    expect(JSON.parse(renderWebhook(NEWS, undefined))).toEqual({
      version: "1",
      ...NEWS,
      respondWithin: "30m",
    });
  });

  it("fills a template in without letting a value break the JSON around it", () => {
    const template =
      '{"text":"{{cluster}}: {{finding.title.en}} {{ finding.title.zh }} {{no.such}}{{finding.__proto__}}"}';
    expect(JSON.parse(renderWebhook(NEWS, template))).toEqual({ text: 'prod-a: disk "full" 磁盘已满 ' });
  });

  it("signs the body together with the time", () => {
    const signature = signBody("body", "secret", 1_700_000_000_999);
    const hex = createHmac("sha256", "secret").update("1700000000.body").digest("hex");
    expect(signature).toBe(`t=1700000000,v1=${hex}`);
  });

  it("names a delivery alike after a restart, and each step of a finding differently", () => {
    const ids = (["opened", "changed", "resolved"] as const).map((event) => deliveryId({ ...NEWS, event }));
    expect(new Set(ids).size).toBe(3);
    expect(deliveryId({ ...NEWS, at: "2026-11-24T04:00:00.000Z" })).toBe(ids[0]);
  });
});
