import { describe, expect, it } from "vitest";
import { createStreamRegistry } from "../../../collector/ingest/stream-registry.ts";

const agent = { cluster: "prod-a", node: "m1" };

describe("collector/ingest/stream-registry", () => {
  it("hands the old stream back, to be told, and its late end never removes its successor", () => {
    const registry = createStreamRegistry<string>();
    expect(registry.register(agent, "old")).toBeUndefined();
    expect(registry.register(agent, "new")).toBe("old");
    expect(registry.unregister(agent, "old")).toBe(false);
    expect([registry.find(agent), registry.size()]).toEqual(["new", 1]);
    expect(registry.unregister(agent, "new")).toBe(true);
    expect(registry.unregister(agent, "new")).toBe(false);
    expect([registry.find(agent), registry.size(), registry.nodesOf("prod-a")]).toEqual([undefined, 0, []]);
  });

  it("keeps the nodes of each cluster apart", () => {
    const registry = createStreamRegistry<string>();
    registry.register(agent, "a");
    registry.register({ cluster: "prod-b", node: "m1" }, "b");
    registry.register({ cluster: "prod-a", node: "m2" }, "c");
    expect([...registry.nodesOf("prod-a")]).toEqual(["m1", "m2"]);
    expect([...registry.all()].sort()).toEqual(["a", "b", "c"]);
  });
});
