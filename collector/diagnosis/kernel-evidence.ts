/** What the kernel's log said, as evidence: the events of the agent's kernel probe. */
import type { Evidence } from "../../shared/rest.ts";
import type { NodeView } from "../view/cluster-view.ts";
import { listFacts } from "../view/node-reading.ts";
import type { HeldEvent } from "../view/node-state.ts";
import { createEvidence } from "./evidence.ts";

const MAX_EVIDENCE = 3;

/** Oldest first. */
export function listKernelEvents(
  node: NodeView,
  codes: readonly string[],
  sinceMs: number,
): readonly HeldEvent[] {
  return node.state.events.filter(
    ({ atMs, event }) =>
      event.kind === "kernel" && atMs >= sinceMs && codes.includes(event.attributes["code"] ?? ""),
  );
}

/** Those about a device that etcd's directories are on, or about no device. */
export function listDiskEvents(
  node: NodeView,
  codes: readonly string[],
  sinceMs: number,
): readonly HeldEvent[] {
  const devices = listFacts(node.state, "filesystem").map(({ device }) => device);
  return listKernelEvents(node, codes, sinceMs).filter(({ event }) => {
    const about = event.attributes["device"] ?? "";
    // "sda" fails for "sda1"; a controller's name ("ata1") tells nothing of the disk behind it.
    return about === "" || devices.some((device) => device === about || isPartOf(device, about));
  });
}

function isPartOf(partition: string, disk: string): boolean {
  return partition.startsWith(disk) && /^p?\d+$/.test(partition.slice(disk.length));
}

export function proveByKernel(node: NodeView, events: readonly HeldEvent[]): readonly Evidence[] {
  return events.slice(-MAX_EVIDENCE).map(({ atMs, event }) => {
    const said = event.attributes["text"] ?? "";
    return createEvidence(
      { node: node.name, source: "kernel log", atMs },
      { en: `the kernel: ${said}`, zh: `内核：${said}` },
    );
  });
}
