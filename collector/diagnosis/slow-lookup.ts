/** A name service that answers late, as evidence beside a link that fails. */
import type { Evidence } from "../../shared/rest.ts";
import type { LinkView } from "../view/cluster-view.ts";
import { createEvidence } from "./evidence.ts";
import { formatDuration } from "./format.ts";

export function proveSlowLookup({ node, atMs, slowLookupMs, address }: LinkView): readonly Evidence[] {
  if (slowLookupMs === 0 || node === undefined || atMs === undefined) {
    return [];
  }
  const took = formatDuration(slowLookupMs);
  return [
    createEvidence(
      { node, source: "name service", atMs },
      {
        en: `looking up the name in ${address} took ${took.en}: the first name server may not answer`,
        zh: `解析 ${address} 中的名称用了 ${took.zh}：第一个域名服务器可能没有应答`,
      },
      { value: Math.round(slowLookupMs / 100) / 10, threshold: 1, unit: "seconds" },
    ),
  ];
}
