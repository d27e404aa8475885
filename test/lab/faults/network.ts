/** The network between the nodes: cut, half cut, shut for one port, or bad. */
import { pickFollower, pickLeader, othersOf, type Fault, type PreparedFault } from "../fault.ts";
import type { WatchedCluster } from "../../integration/watched-cluster.ts";
import type { EtcdMember } from "../etcd-member.ts";
import type { PartitionOptions } from "../network.ts";
import { runCommand } from "../run-command.ts";
import { wrapCommand } from "../lab-process.ts";
import { createDelay } from "../network-delay.ts";

const PEER_PORT = 2380;
const CLIENT_PORT = 2379;

function cut(on: WatchedCluster, member: EtcdMember, options: PartitionOptions = {}) {
  return {
    inject: async (): Promise<void> => await on.network.partition(member.name, othersOf(on, member), options),
    heal: async (): Promise<void> => await on.network.heal(member.name),
  };
}

/** At who receives: a sender's own filter tells its kernel at once, and much is then not sent again. */
async function losePackets(
  on: WatchedCluster,
  share: number,
  tell: (name: string) => string,
): Promise<PreparedFault> {
  const member = await pickFollower(on);
  const lose = async (action: string): Promise<void> => {
    const pairs = othersOf(on, member).flatMap((other) => [
      [member.name, other],
      [other, member.name],
    ]);
    for (const [at = "", from = ""] of pairs) {
      const { namespace } = on.network.node(at);
      const random = ["-m", "statistic", "--mode", "random", "--probability", String(share)];
      const rule = ["INPUT", "-s", on.network.node(from).ip, ...random, "-j", "DROP"];
      await runCommand(wrapCommand([on.network.iptables, "-w", action, ...rule], namespace));
    }
  };
  return {
    story: tell(member.name),
    causes: ["PACKET_LOSS"],
    also: ["PACKET_LOSS"],
    verdicts: ["healthy", "degraded", "at-risk"],
    inject: async () => await lose("-A"),
    heal: async () => await lose("-D"),
  };
}

export const NETWORK_FAULTS: readonly Fault[] = [
  {
    name: "partition-follower",
    isShort: true,
    prepare: async (on) => {
      const member = await pickFollower(on);
      return {
        story: `${member.name} is cut off from the other members, silently`,
        causes: ["PARTITION"],
        verdicts: ["at-risk"],
        ...cut(on, member),
      };
    },
  },
  {
    name: "partition-leader",
    leavesTrace: true,
    isShort: true,
    prepare: async (on) => {
      const member = await pickLeader(on);
      return {
        story: `the leader, ${member.name}, is cut off from the other members, silently`,
        causes: ["PARTITION"],
        verdicts: ["at-risk"],
        ...cut(on, member),
      };
    },
  },
  {
    name: "all-apart",
    leavesTrace: true,
    prepare: async (on) =>
      await Promise.resolve({
        story: "no member reaches another one",
        causes: ["PARTITION"],
        verdicts: ["quorum-lost" as const],
        inject: async () => {
          await on.network.partition("m1", ["m2", "m3"]);
          await on.network.partition("m2", ["m3"]);
        },
        heal: async () => {
          await on.network.heal("m1");
          await on.network.heal("m2");
        },
      }),
  },
  {
    name: "one-way-link",
    prepare: async (on) => {
      const [leader, member] = [await pickLeader(on), await pickFollower(on)];
      const other = othersOf(on, member).find((name) => name !== leader.name) ?? "";
      return {
        story: `nothing that ${member.name} sends reaches ${other}; all else is well`,
        causes: [
          `PEER_LINK_DOWN ${member.name}→${other}|PEER_LINK_DOWN ${other}→${member.name}|ASYMMETRIC_LINK|PARTITION`,
        ],
        also: [`PEER_LINK_DOWN ${member.name}→${other}`, `PEER_LINK_DOWN ${other}→${member.name}`],
        verdicts: ["degraded", "healthy"],
        inject: async () => await on.network.partition(member.name, [other], { direction: "out" }),
        heal: async () => await on.network.heal(member.name),
      };
    },
  },
  {
    name: "peer-port-blocked",
    isShort: true,
    prepare: async (on) => {
      const member = await pickFollower(on);
      return {
        story: `port ${PEER_PORT} is shut between ${member.name} and the others`,
        causes: ["PEER_PORT_BLOCKED"],
        verdicts: ["at-risk"],
        ...cut(on, member, { ports: [PEER_PORT] }),
      };
    },
  },
  {
    name: "client-port-blocked",
    causeWithinMs: 15_000,
    prepare: async (on) => {
      const member = await pickFollower(on);
      const shut = async (action: string): Promise<void> => {
        const rule = ["INPUT", "-i", "eth0", "-p", "tcp", "--dport", String(CLIENT_PORT), "-j", "DROP"];
        await runCommand(wrapCommand([on.network.iptables, "-w", action, ...rule], member.namespace));
      };
      return {
        story: `port ${CLIENT_PORT} of ${member.name} is shut for everybody else`,
        causes: othersOf(on, member).map((other) => `CLIENT_PORT_BLOCKED ${other}→${member.name}`),
        verdicts: ["healthy", "degraded"],
        inject: async () => await shut("-A"),
        heal: async () => await shut("-D"),
      };
    },
  },
  {
    name: "node-cut-off",
    prepare: async (on) => {
      const member = await pickFollower(on);
      return {
        story: `the node of ${member.name} is cut off from everybody, the collector too`,
        causes: [`NODE_UNREACHABLE ${member.name}`],
        verdicts: ["at-risk"],
        inject: async () => await on.network.partition(member.name, [...othersOf(on, member), "collector"]),
        heal: async () => await on.network.heal(member.name),
      };
    },
  },
  {
    name: "packet-loss",
    causeWithinMs: 15_000,
    quietWithinMs: 120_000,
    prepare: async (on) =>
      await losePackets(on, 0.2, (name) => `every fifth packet between ${name} and the others is lost`),
  },
  {
    name: "packet-loss-light",
    causeWithinMs: 20_000,
    quietWithinMs: 120_000,
    prepare: async (on) =>
      await losePackets(on, 0.05, (name) => `every twentieth packet between ${name} and the others is lost`),
  },
  {
    name: "large-packets-lost",
    causeWithinMs: 20_000,
    quietWithinMs: 120_000,
    prepare: async (on) => {
      const [leader, member] = [await pickLeader(on), await pickFollower(on)];
      const ip = on.network.node(leader.name).ip;
      // What a tunnel of a smaller MTU does whose "fragmentation needed" is filtered. At the receiver: a sender's own filter tells its
      // kernel at once, and nothing is then sent again.
      const rule = ["INPUT", "-s", ip, "-m", "length", "--length", "1200:65535", "-j", "DROP"];
      const lose = async (action: string): Promise<void> => {
        await runCommand(wrapCommand([on.network.iptables, "-w", action, ...rule], member.namespace));
      };
      return {
        story: `what the leader, ${leader.name}, sends to ${member.name} is lost where it is longer than 1200 bytes`,
        causes: [`PEER_LINK_DOWN ${leader.name}→${member.name}|PACKET_LOSS ${leader.name}`],
        also: [`PEER_LINK_DOWN ${member.name}→${leader.name}`, "PACKET_LOSS", "ASYMMETRIC_LINK", "RAFT_LAG"],
        findings: ["PEER_LINK_DOWN"],
        verdicts: ["healthy", "degraded", "at-risk"],
        inject: async () => {
          await lose("-A");
          // A small write fits.
          await on.etcd.put("large", "x".repeat(16_384));
        },
        heal: async () => await lose("-D"),
      };
    },
  },
  {
    name: "latency",
    causeWithinMs: 30_000,
    quietWithinMs: 120_000,
    prepare: async (on) => {
      const member = await pickFollower(on);
      const delay = await createDelay(on.network, member.name, on.dir);
      if (delay.kind === "unavailable") {
        return delay;
      }
      return {
        story: `every packet from and to ${member.name} takes 100 ms longer`,
        causes: ["PEER_LATENCY_HIGH"],
        // Its cable is moved to the relay, which takes a moment.
        also: [`NODE_UNREACHABLE ${member.name}`, `AGENT_SILENT ${member.name}`],
        verdicts: ["healthy", "degraded"],
        inject: async () => await delay.start(100),
        heal: async () => await delay.stop(),
      };
    },
  },
];
