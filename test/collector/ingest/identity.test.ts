import { describe, expect, it } from "vitest";
import { parseIdentity } from "../../../collector/ingest/identity.ts";

describe("collector/ingest/identity", () => {
  it.each([
    ["URI:etcdscope://prod-a/m1", { cluster: "prod-a", node: "m1" }],
    [
      "DNS:m1, URI:etcdscope://prod-a/m1.example.org, IP Address:10.0.0.1",
      { cluster: "prod-a", node: "m1.example.org" },
    ],
    ["URI:https://x/y, URI:etcdscope://c/n", { cluster: "c", node: "n" }],
    ["URI:spiffe://example.org/cluster/prod-a/node/m1", { cluster: "prod-a", node: "m1" }],
    ["URI:spiffe://example.org/prod-a/m1", undefined],
    ["URI:spiffe://x/cluster/a/node/m1, URI:etcdscope://b/m1", undefined],
    [undefined, undefined],
    ["", undefined],
    ["DNS:etcdscope://prod-a/m1", undefined],
    ["URI:etcdscope://prod-a", undefined],
    ["URI:etcdscope://prod-a/", undefined],
    ["URI:etcdscope://prod-a/m1/x", undefined],
    ["URI:etcdscope://prod-a/m1, URI:etcdscope://prod-a/m2", undefined],
    [`URI:etcdscope://${"c".repeat(64)}/m1`, undefined],
    ['DNS:"x, URI:etcdscope://prod-a/m1"', undefined],
  ])("reads %s", (names, want) => {
    expect(parseIdentity(names)).toEqual(want);
  });
});
