/** What is told of the machine beneath a member: since when it is up, and how loaded. For people; no rule rests on it. */
import type { MachineReport } from "../../shared/rest.ts";
import type { NodeView } from "../view/cluster-view.ts";
import { findFact, findPoint, readSince } from "../view/node-reading.ts";
import { formatTime } from "./format.ts";

/** Of three looks of the node probe. */
const LOAD_HOLDS_MS = 190_000;

/** null: no agent has told of it. */
export function reportMachine(node: NodeView | undefined): MachineReport | null {
  const fact = node && findFact(node.state, "node", "node");
  if (node === undefined || fact === undefined) {
    return null;
  }
  const { bootedAtUnixMs, cpus } = fact.body;
  const load = findPoint(node.state, { metric: "node_load1" }, node.state.atMs - LOAD_HOLDS_MS);
  return {
    bootedAt: bootedAtUnixMs === 0n ? null : formatTime(readSince(bootedAtUnixMs, fact.sinceMs, node.state)),
    load1: node.agent.isCurrent && load !== undefined ? load.value : null,
    cpus: cpus === 0 ? null : cpus,
  };
}
