/** Run as a child with a channel: hundreds of agents in one process, which does what soak-fleet.ts asks. Ends with its parent. */
import { setTimeout as delay } from "node:timers/promises";
import { fromKeyframe, readRealFrames } from "../bench/real-frames.ts";
import { createRandom, type Random } from "../fuzz/mutate.ts";
import type { Choice, FleetAnswer, FleetCalls, FleetRequest } from "./fleet-calls.ts";
import { createFleetLedger } from "./fleet-ledger.ts";
import { createSoakAgent, type SoakAgent } from "./soak-agent.ts";

/** Handshakes under way at the start. */
const AT_ONCE = 50;
const FLOOD_TICK_MS = 20;

const ledger = createFleetLedger();
const agents: SoakAgent[] = [];
const bootIds = new Map<SoakAgent, number>();

function bootIdOf(agent: SoakAgent): string {
  return `soak-${bootIds.get(agent) ?? 0}`;
}

function choose({ count }: Choice, random: Random): readonly SoakAgent[] {
  const left = agents.filter((agent) => agent.isRunning());
  return Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(random() % left.length, 1),
  ).flat();
}

const calls: FleetCalls = {
  start: async ({ dir, collectorPort, agents: issued }) => {
    const recorded = {
      m1: fromKeyframe(readRealFrames("m1")),
      m2: fromKeyframe(readRealFrames("m2")),
      m3: fromKeyframe(readRealFrames("m3")),
    };
    for (const [index, agent] of issued.entries()) {
      const created = await createSoakAgent({
        agent,
        recorded: recorded[agent.node],
        start: { at: index, phase: index / issued.length },
        dir,
        collectorPort,
        log: ledger.log,
        watch: ledger.createWatch(),
      });
      agents.push(created);
    }
    const waiting = [...agents];
    async function startSome(): Promise<void> {
      for (let agent = waiting.shift(); agent !== undefined; agent = waiting.shift()) {
        await agent.start(bootIdOf(agent));
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, startSome));
  },

  look: () => {
    const waits = agents.map((agent) => agent.waiting());
    const sets = [...ledger.acknowledged.values()].flatMap((set) => set.ranges());
    const { ackTimes } = ledger;
    return {
      agents: agents.length,
      streaming: agents.filter((agent) => agent.isStreaming()).length,
      waitingFrames: waits.reduce((sum, { frames }) => sum + frames, 0),
      spoolBytes: waits.reduce((sum, { spoolBytes }) => sum + spoolBytes, 0),
      acknowledged: sets.reduce((sum, { first, last }) => sum + Number(last - first) + 1, 0),
      ackP50Ms: ackTimes.quantile(0.5),
      ackP99Ms: ackTimes.quantile(0.99),
      failures: Object.fromEntries(ledger.failures),
    };
  },

  forgetTimes: () => ledger.ackTimes.clear(),

  cut: (order) =>
    choose(order, createRandom(order.seed)).reduce((sum, agent) => sum + agent.cut(order.how), 0),

  restart: async (order) => {
    const random = createRandom(order.seed);
    const chosen = choose(order, random).map((agent) => ({
      agent,
      awayMs: (0.2 + (0.8 * random()) / 2 ** 32) * order.awayMs,
    }));
    await Promise.all(
      chosen.map(async ({ agent, awayMs }) => {
        if (order.how === "kill") {
          agent.kill();
        } else {
          await agent.stop();
        }
        bootIds.set(agent, (bootIds.get(agent) ?? 0) + (order.bootsAnew ? 1 : 0));
        await delay(awayMs);
        await agent.start(bootIdOf(agent));
      }),
    );
    return chosen.length;
  },

  flood: async (order) => {
    const chosen = choose(order, createRandom(order.seed));
    const beganMs = performance.now();
    let pushed = 0;
    for (let ms = 0; ms < order.forMs; ms = performance.now() - beganMs) {
      const due = Math.floor((ms / 1000) * order.framesPerSecond) - pushed;
      chosen.forEach((agent) => agent.push(due));
      pushed += due;
      await delay(FLOOD_TICK_MS);
    }
    return pushed * chosen.length;
  },

  endFrames: () => agents.forEach((agent) => agent.endFrames()),

  acknowledged: () =>
    [...ledger.acknowledged].map(([instanceId, set]) => [
      instanceId,
      set.ranges().map(({ first, last }) => [String(first), String(last)] as const),
    ]),
};

function answer(reply: FleetAnswer): void {
  process.send?.(reply);
}

process.on("message", ({ id, call, input }: FleetRequest) => {
  const perform = calls[call] as (input: unknown) => unknown;
  Promise.resolve()
    .then(() => perform(input))
    .then(
      (result) => answer({ id, result }),
      (error: unknown) => answer({ id, error: error instanceof Error ? (error.stack ?? "") : String(error) }),
    );
});
// whatever it still holds: sockets are reset, as of a process that was killed
process.on("disconnect", () => process.exit(0));
