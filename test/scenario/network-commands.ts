/** Commands of a scenario about ports and packets: what an author writes → how the world changes. */
import { Layer } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { setFact } from "./world.ts";
import type { World } from "./world.ts";

export const NETWORK_COMMANDS: Readonly<Record<string, (world: World, args: readonly string[]) => void>> = {
  // listens m3 2379=etcd 2380=free | 2380=914,nginx
  listens: (world, [name = "", ...words]) => {
    const ports = words.map((word) => {
      const [port = "", who = ""] = word.split("=");
      const [pid = "0", process = ""] = who.split(",");
      const isEtcd = who === "etcd";
      return {
        flag: "listen-peer-urls",
        address: `*:${port}`,
        port: Number(port),
        isFree: who === "free",
        isEtcd,
        pid: isEtcd ? 800 : Number(pid) || 0,
        process: isEtcd ? "etcd" : process,
      };
    });
    setFact(world.agent(name), "listening", { case: "listening", value: { ports } });
  },
  // health m3 +data_corruption -linearizable_read | health m3 none
  health: (world, [name = "", ...words]) => {
    const agent = world.agent(name);
    if (words[0] === "none") {
      agent.facts.delete("health");
      return;
    }
    const checks = words.map((word) => ({
      name: word.slice(1),
      ok: word.startsWith("+"),
      reason: word.startsWith("+") ? "" : "etcdserver: request timed out",
    }));
    const askedAtUnixMs = BigInt(world.nowMs);
    setFact(agent, "health", {
      case: "health",
      value: { asked: "127.0.0.1:2381/readyz", askedAtUnixMs, checks },
    });
  },
  // firewall m3 [2380] filter: -A INPUT -j DROP | firewall m3 unseen REASON
  firewall: (world, [name = "", ports = "", ...words]) => {
    const text = words.join(" ");
    const numbers = ports.split(",").map(Number).filter(Number.isInteger);
    const rule = { source: "iptables-save", text, isBlocking: /DROP|REJECT/.test(text), ports: numbers };
    const value = ports === "unseen" ? { problem: text } : { rules: [rule] };
    setFact(world.agent(name), "firewall", { case: "firewall", value });
  },
  // sockets m1>m3 waiting 3 timeouts 4 | sockets m1>m3 unseen REASON | sockets m1>m3 none
  sockets: (world, [link = "", word = "", ...words]) => {
    const [from = "", toName = ""] = link.split(">");
    if (word === "none") {
      world.agent(from).facts.delete("peer_sockets");
      return;
    }
    const [waiting, , timeouts] = words.map(Number);
    const seen = {
      toName,
      connections: 3,
      waiting: waiting ?? 0,
      timeouts: timeouts ?? 0,
      unacknowledged: 9,
      resent: 14,
      roundTripUs: 310,
      deviationUs: 90,
      leastRoundTripUs: 120,
      sinceReceivedMs: 3300,
      sinceAcknowledgedMs: 3200,
    };
    const value = word === "unseen" ? { problem: words.join(" ") } : { peers: [seen] };
    setFact(world.agent(from), "peer_sockets", { case: "peerSockets", value });
  },
  // large m1>m3 [moving]: requests that do not fit into a packet are lost there; etcd's own connections are stuck, or look well
  large: (world, [link = "", state = ""]) =>
    void world.largeLost.set(link, state === "moving" ? Layer.OK : Layer.FAILED),
};
