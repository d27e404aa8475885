/** What to do next in each layer of the diagnosis, beside the one step that comes first. */
import type { Diagnosis, DiagnosisLayer, DiagnosisNext } from "../../../shared/rest.ts";

export interface LayerStep {
  readonly layer: DiagnosisLayer;
  readonly next: DiagnosisNext;
}

/** In the order of the layers; a command that is told already is not told again. */
export function listLayerSteps({
  next: first,
  layers,
}: Pick<Diagnosis, "layers" | "next">): readonly LayerStep[] {
  const told = new Set(first === null ? [] : [first.command]);
  return layers.flatMap((layer) => {
    if (layer.state === "ok" || layer.next === null || told.has(layer.next.command)) {
      return [];
    }
    told.add(layer.next.command);
    return [{ layer, next: layer.next }];
  });
}
