import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FirewallRules, type FirewallOrigin } from "../../../agent/host/firewall-rules.ts";

const WANTED = { ports: [2379, 2380], addresses: ["10.0.0.2", "10.0.0.3"] };

/** Printed by iptables 1.8.9 and nftables 1.0.6 in a network namespace of a Debian bookworm. */
function read(name: string, origin: FirewallOrigin): readonly string[] {
  const found = new FirewallRules(origin, WANTED);
  const text = readFileSync(join(import.meta.dirname, "../../fixture/firewall", name), "utf8");
  text.split("\n").forEach((line) => found.push(line));
  return found.rules.map(
    ({ text: rule, isBlocking, ports }) => `${isBlocking ? "blocks" : "passes"} [${ports.join()}] ${rule}`,
  );
}

describe("agent/host/firewall-rules", () => {
  it("picks from iptables what names the ports, and what blocks another member, and leaves what is negated", () => {
    expect(read("iptables-save.txt", { source: "iptables-save" })).toEqual([
      "blocks [] filter: -P INPUT DROP",
      "passes [2379] filter: -A INPUT -s 10.0.0.0/24 -p tcp -m tcp --dport 2379 -j ACCEPT",
      "blocks [2379,2380] filter: -A INPUT -s 10.0.0.3/32 -p tcp -m multiport --ports 2379,2380 -j DROP",
      "blocks [] filter: -A OUTPUT -d 10.0.0.2/32 -j REJECT --reject-with icmp-port-unreachable",
    ]);
  });

  it("finds a port in a range", () => {
    expect(read("iptables-legacy-save.txt", { source: "iptables-legacy-save" })).toEqual([
      "blocks [2379,2380] filter: -A INPUT -p tcp -m tcp --dport 2370:2385 -j DROP",
    ]);
  });

  it("picks the same from nftables, but for what iptables has told", () => {
    expect(read("nft.txt", { source: "nft", hasIptables: true })).toEqual([
      "blocks [] inet host input: type filter hook input priority filter; policy drop;",
      "passes [2379,2380] inet host input: ip saddr @peers tcp dport { 2379, 2380 } accept",
      "blocks [2380] inet host input: ip saddr 10.0.0.3 tcp dport 2380 drop",
      "blocks [] inet host input: ip saddr 10.0.0.0/24 reject with icmp port-unreachable",
    ]);
    const alone = read("nft.txt", { source: "nft" });
    expect(alone).toHaveLength(8);
    expect(alone[2]).toMatch(/^blocks \[2379,2380\] ip filter INPUT: .*10\.0\.0\.3 tcp sport/);
    expect(alone[3]).toBe("blocks [] ip filter OUTPUT: ip daddr 10.0.0.2 reject");
  });

  it("keeps a bounded number of rules, each of a bounded length", () => {
    const found = new FirewallRules({ source: "iptables-save" }, WANTED);
    for (let each = 0; each < 500; each += 1) {
      found.push(`-A X${each} -p tcp -m comment --comment "${"x".repeat(300)}" --dport 2379 -j ACCEPT`);
    }
    expect(found.rules).toHaveLength(100);
    expect(found.rules[0]?.text).toHaveLength(200);
  });
});
