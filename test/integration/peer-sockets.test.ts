/** What TCP keeps of etcd's own connections stands beside a link that is cut, on real etcds. Needs root; skipped by name otherwise. */
import { describe, expect } from "vitest";
import { findActive } from "../lab/stack.ts";
import { story, watch } from "./story.ts";

/** The doubt lasts two seconds before ss is asked; the machine may be busy. */
const TOLD = { timeoutMs: 40_000 };
const SOURCE = "socket diagnostics";

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
});
