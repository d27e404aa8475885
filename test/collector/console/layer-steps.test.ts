import { describe, expect, it } from "vitest";
import { listLayerSteps } from "../../../collector/console/parts/layer-steps.ts";
import type { CheckState, DiagnosisLayer, DiagnosisNext } from "../../../shared/rest.ts";

function stepTo(command: string): DiagnosisNext {
  return { code: "DISK_FULL", member: "m3", text: { en: "Look", zh: "查看" }, command };
}

function layerOf(state: CheckState, next: DiagnosisNext | null): DiagnosisLayer {
  const text = { en: "Storage", zh: "存储" };
  return { layer: "storage", name: text, state, summary: text, checks: [], next };
}

describe("collector/console/parts/layer-steps", () => {
  it("tells the step of each layer that is bad or unknown, in order, and none twice", () => {
    const layers = [
      layerOf("bad", stepTo("first")),
      layerOf("unknown", stepTo("second")),
      layerOf("ok", stepTo("never")),
      layerOf("bad", null),
      layerOf("bad", stepTo("third")),
      layerOf("bad", stepTo("second")),
    ];
    const commands = listLayerSteps({ next: stepTo("first"), layers }).map(({ next }) => next.command);
    expect(commands).toEqual(["second", "third"]);
  });

  it("tells them all where nothing comes first", () => {
    const layers = [layerOf("unknown", stepTo("only"))];
    expect(listLayerSteps({ next: null, layers })).toHaveLength(1);
  });
});
