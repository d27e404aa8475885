/**
 * What TCP keeps of etcd's own connections stands beside a link that is cut, loses packets or has become long, on real etcds. Needs root;
 * skipped by name otherwise.
 */
import { describe, expect } from "vitest";
import type { ClusterState } from "../../shared/rest.ts";
import type { PreparedFault } from "../lab/fault.ts";
import { NETWORK_FAULTS } from "../lab/faults/network.ts";
import { findActive } from "../lab/stack.ts";
import { story, watch } from "./story.ts";
import type { WatchedCluster } from "./watched-cluster.ts";

/** The doubt lasts two seconds before ss is asked; the machine may be busy. */
const TOLD = { timeoutMs: 40_000 };
const SOURCE = "socket diagnostics";

/** One of the lab's, or why it cannot be brought about here. */
async function prepare(on: WatchedCluster, name: string): Promise<PreparedFault | string> {
  const prepared = await NETWORK_FAULTS.find((fault) => fault.name === name)?.prepare(on, "3.5");
  return prepared === undefined || "because" in prepared ? (prepared?.because ?? "No such fault") : prepared;
}

function listTold(state: ClusterState, code: string): readonly string[] {
  return state.findings
    .filter((finding) => finding.code === code && finding.status === "active")
    .flatMap(({ evidence }) => evidence.filter(({ source }) => source === SOURCE).map(({ text }) => text.en));
}

describe("test/integration/peer-sockets on etcd 3.5", () => {
  const watched = watch({ version: "3.5" });

  story("shows timeouts and silence of a cut link's connections", watched, async (on) => {
    await on.waitQuiet();
    await on.network.partition("m2", ["m1"], { ports: [2380] });
    const { state } = await on.stack.waitFor(
      "the connections of a link that is down are told",
      (now) =>
        findActive(now, "PEER_LINK_DOWN", "m1")?.evidence.some(({ source }) => source === SOURCE) === true,
      TOLD,
    );
    const told = findActive(state, "PEER_LINK_DOWN", "m1")?.evidence.filter(
      ({ source }) => source === SOURCE,
    );
    expect(told?.map(({ text }) => text.en).join("\n")).toMatch(/timeouts in a row|the last came \d/);
    await on.network.heal("m2");
    await on.waitQuiet();
  });

  story("shows the kernel's round trip of a way that has become long", watched, async (on, skip) => {
    await on.waitQuiet();
    const fault = await prepare(on, "latency");
    if (typeof fault === "string") {
      skip(fault);
      return;
    }
    try {
      await fault.inject();
      const { state } = await on.stack.waitFor(
        "a long way is told, with the kernel's round trip",
        (now) => listTold(now, "PEER_LATENCY_HIGH").length > 0,
        TOLD,
      );
      const trips = listTold(state, "PEER_LATENCY_HIGH").map((text) =>
        Number(/is ([\d.]+) ms/.exec(text)?.[1]),
      );
      expect(Math.max(...trips)).toBeGreaterThan(50);
    } finally {
      await fault.heal();
    }
  });

  story("says to which member packets are lost", watched, async (on, skip) => {
    await on.waitQuiet();
    const fault = await prepare(on, "packet-loss-light");
    if (typeof fault === "string") {
      skip(fault);
      return;
    }
    try {
      await fault.inject();
      const { state } = await on.stack.waitFor(
        "loss is told, with what was sent again to whom",
        (now) => listTold(now, "PACKET_LOSS").some((text) => /: [1-9]\d/.test(text)),
        TOLD,
      );
      const details = state.findings
        .filter(({ code }) => code === "PACKET_LOSS")
        .map(({ detail }) => detail.en);
      expect(details.join("\n")).toMatch(/mostly on the way to m\d/);
    } finally {
      await fault.heal();
    }
  });
});
