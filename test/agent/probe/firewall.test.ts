import { describe, expect, it } from "vitest";
import type { FirewallWanted } from "../../../agent/host/firewall-rules.ts";
import { createFirewallProbe } from "../../../agent/probe/firewall.ts";
import { createManualClock } from "../manual-clock.ts";
import { fakeEtcd } from "./fake-etcd.ts";
import { discoveredEtcd, probeContext } from "./probe-context.ts";

const DROPS = { source: "nft", text: "drops", isBlocking: true, ports: [2380] };
const PASSES = { source: "nft", text: "passes", isBlocking: false, ports: [2379] };

describe("agent/probe/firewall", () => {
  it("asks for the members' ports and addresses, and tells what blocks first", async () => {
    const asked: FirewallWanted[] = [];
    const clock = createManualClock();
    const context = probeContext({
      clock,
      etcd: fakeEtcd(),
      discovered: discoveredEtcd({ "listen-client-urls": "https://10.0.0.1:2379,http://127.0.0.1:2479" }),
      host: {
        readFirewall: (wanted) => {
          asked.push(wanted);
          return Promise.resolve({ rules: [PASSES, DROPS], problem: "" });
        },
      },
    });
    const probe = createFirewallProbe();
    const seen = await probe.run(context);
    expect(asked).toEqual([{ ports: [2379, 2479, 2380], addresses: ["10.0.0.2", "10.0.0.3"] }]);
    expect(seen.facts?.[0]?.body.value).toMatchObject({ rules: [DROPS, PASSES], problem: "" });
    expect(seen.restMs).toBe(3_600_000);
    // Whoever doubts may ask often; it looks when ten seconds are over.
    await clock.advance(4000);
    expect((await probe.run(context)).againMs).toBe(6000);
    expect(asked).toHaveLength(1);
    await clock.advance(6000);
    await probe.run(context);
    expect(asked).toHaveLength(2);
  });

  it("says why it cannot tell", async () => {
    const apart = discoveredEtcd({}, { sharesNetwork: false });
    const seen = await createFirewallProbe().run(probeContext({ discovered: apart, etcd: fakeEtcd() }));
    expect(seen.facts?.[0]?.body.value).toMatchObject({ problem: "etcd runs in a network of its own" });
    const denied = { readFirewall: () => Promise.resolve({ rules: [], problem: "nft says: not permitted" }) };
    const unseen = await createFirewallProbe().run(
      probeContext({ discovered: discoveredEtcd({}), etcd: fakeEtcd(), host: denied }),
    );
    expect(unseen.facts?.[0]?.body.value).toMatchObject({ rules: [], problem: "nft says: not permitted" });
  });
});
