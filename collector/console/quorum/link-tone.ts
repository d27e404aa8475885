/** How a directed link looks, judged from what its sender saw of the other's peer port. */
import type { LinkReport } from "../../../shared/rest.ts";
import type { Tone } from "../parts/tone.ts";

/** Half of etcd's default heartbeat interval: beyond it a link is slow enough to matter. */
const SLOW_MS = 50;

/** The link that raft goes over; the client port stands in where nothing is known of the other. */
export function findLink(links: readonly LinkReport[], from: string, to: string): LinkReport | undefined {
  const between = links.filter((link) => link.from === from && link.to === to);
  return between.find(({ port }) => port === "peer") ?? between[0];
}

export function toneOfLink(link: LinkReport | undefined): Tone {
  if (link === undefined || link.state === "unknown") {
    return "unknown";
  }
  if (link.state === "down") {
    return "bad";
  }
  return (link.rttMs ?? 0) > SLOW_MS || (link.loss ?? 0) > 0.01 ? "warn" : "ok";
}
