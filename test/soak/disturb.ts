/** Does one disturbance of the plan, and resolves when it is over: whoever was killed runs again, whatever was opened is closed. */
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { BenchCollector } from "../bench/bench-collector.ts";
import { createRandom, type Random } from "../fuzz/mutate.ts";
import { floodApi, openUnreadStreams } from "./flood-api.ts";
import { KILL_COLLECTOR, type DisturbanceKind, type PlannedDisturbance } from "./plan-soak.ts";
import { sendGarbage, type Garbage } from "./send-garbage.ts";
import type { SoakFleet } from "./soak-fleet.ts";
import type { Tally } from "./tally.ts";

export interface SoakLab {
  readonly collector: BenchCollector;
  readonly fleet: SoakFleet;
  readonly agents: number;
  readonly clusters: readonly string[];
  readonly garbage: Garbage;
  /** What was done, and what came of it. */
  readonly tally: Tally;
  /** Runs one after the other what kills or freezes the collector, which it then does not count as its own end. */
  withCollector(act: () => Promise<void>): Promise<void>;
}

/** One agent in so many at once. */
const SHARE = 20;
const AGENT_AWAY_MS = 4000;
const FLOOD_FRAMES_PER_SECOND = 600;
const SILENT_CONNECTIONS = 300;
const FREEZE_MS = { least: 1000, more: 4000 } as const;
/** Every fourth kill leaves the agents alone until they keep frames on disk, which they do after ten seconds. */
const LONG_ABSENCE = { oneIn: 4, ms: 12_000 } as const;

export async function disturb(lab: SoakLab, planned: PlannedDisturbance): Promise<void> {
  const { fleet, tally, agents } = lab;
  const { kind, seed, lengthMs } = planned;
  const random = createRandom(seed);
  const some = { count: 1 + (random() % Math.max(1, Math.ceil(agents / SHARE))), seed };
  tally.count(kind);
  const flood = { port: lab.collector.httpPort, clusters: lab.clusters, random, lengthMs, tally };
  const acts: Readonly<Record<DisturbanceKind, () => Promise<void>>> = {
    "agents' connections reset": async () =>
      tally.count("connections reset", await fleet.call("cut", { ...some, how: "reset" })),
    "agents' connections silent": async () =>
      tally.count("connections made silent", await fleet.call("cut", { ...some, how: "silence" })),
    "every connection reset at once": async () =>
      tally.count("connections reset", await fleet.call("cut", { count: agents, seed, how: "reset" })),
    "agents killed, same boot": () => restart({ how: "kill", bootsAnew: false }),
    "agents killed, machine booted anew": () => restart({ how: "kill", bootsAnew: true }),
    "agents stopped and started": () => restart({ how: "stop", bootsAnew: false }),
    "one agent floods": async () => {
      const order = { count: 1, seed, framesPerSecond: FLOOD_FRAMES_PER_SECOND, forMs: lengthMs };
      tally.count("frames of floods", await fleet.call("flood", order));
    },
    "garbage on the agents' port": () =>
      sendGarbage({ port: lab.collector.grpcPort, garbage: lab.garbage, random, tally }),
    "connections that say nothing": () => staySilent(lab.collector.grpcPort, lengthMs),
    "clients flood the API": () => floodApi(flood),
    "event streams never read": () => openUnreadStreams(flood),
    "collector frozen": () => lab.withCollector(() => freeze(lab.collector, random)),
    [KILL_COLLECTOR]: () => lab.withCollector(() => killAndStart(lab.collector, random)),
  };

  async function restart(order: {
    readonly how: "kill" | "stop";
    readonly bootsAnew: boolean;
  }): Promise<void> {
    const restarted = await fleet.call("restart", { ...some, ...order, awayMs: AGENT_AWAY_MS });
    tally.count("agents killed or stopped", restarted);
  }

  await acts[kind]();
}

async function freeze(collector: BenchCollector, random: Random): Promise<void> {
  collector.freeze();
  try {
    await delay(FREEZE_MS.least + (random() % FREEZE_MS.more));
  } finally {
    collector.thaw();
  }
}

async function killAndStart(collector: BenchCollector, random: Random): Promise<void> {
  await collector.kill();
  await delay(random() % LONG_ABSENCE.oneIn === 0 ? LONG_ABSENCE.ms : random() % 1000);
  await collector.start();
}

async function staySilent(port: number, lengthMs: number): Promise<void> {
  const sockets = Array.from({ length: SILENT_CONNECTIONS }, () => {
    const socket = connect({ host: "127.0.0.1", port });
    // whether the collector refuses or ends them is its choice
    return socket.on("error", () => undefined).resume();
  });
  await delay(lengthMs);
  sockets.forEach((socket) => socket.destroy());
}
