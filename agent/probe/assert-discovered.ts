/** What a probe of etcd's own files needs first. */
import { EtcdscopeError } from "../../shared/errors.ts";
import type { DiscoveredEtcd } from "../discovery/discovered-etcd.ts";
import type { ProbeContext } from "./probe.ts";

/** The etcd of this agent, also when its process is gone; throws NOT_APPLICABLE before the first was found. */
export function assertDiscovered(
  context: Pick<ProbeContext, "discovered" | "discoveryNote">,
): DiscoveredEtcd {
  if (context.discovered === undefined) {
    const why = context.discoveryNote ?? "";
    throw new EtcdscopeError("NOT_APPLICABLE", `No etcd was found yet${why === "" ? "" : `: ${why}`}`, {
      reason: "no_etcd",
    });
  }
  return context.discovered;
}
