/**
 * A cluster that exists only as frames, sent over real streams: every text that a node can choose, the names of members among
 * them, tries to become a part of the page that shows it.
 */

import { systemClock } from "../../shared/clock.ts";
import { createFrameEncoder } from "../../shared/frame-codec.ts";
import { BackupCheck } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { ClusterState } from "../../shared/rest.ts";
import { helloOf, openRawStream, type RawStream } from "../integration/raw-stream.ts";
import { mustRunEtcdscope } from "../lab/etcdscope-command.ts";
import { agentTls } from "../lab/stack-config.ts";
import { findActive, type Stack } from "../lab/stack.ts";
import { waitFor } from "../lab/wait-for.ts";
import { COMMANDS } from "../scenario/commands.ts";
import { setFact, World } from "../scenario/world.ts";

export interface HostileCluster {
  readonly cluster: string;
  /** The member that is down, by the name that it gave itself. */
  readonly victim: string;
  readonly incident: string;
  stop(): void;
}

export const ATTACK = `<img src=x onerror="window.hostile=1">`;

const CLUSTER = "prod-x";
/** What certificates name must be harmless; what etcd calls its members is theirs to say. */
const NODES = ["n1", "n2", "n3"] as const;
const FRAME_EVERY_MS = 1000;
const HOUR_MS = 3_600_000;
/** By a collector on a busy machine. */
const TOLD_WITHIN_MS = 60_000;

function memberOf(node: string): string {
  return `${ATTACK}${node}`;
}

function createWorld(): World {
  const world = new World();
  world.nowMs = systemClock.nowMs();
  const names = NODES.map(memberOf);
  for (const name of names) {
    world.add(name, false);
    world.get(name).processSinceMs = world.nowMs - HOUR_MS;
    world.get(name).startedAtMs = world.nowMs - HOUR_MS;
  }
  for (const [index, name] of names.entries()) {
    const agent = world.agent(name);
    setFact(agent, "certificate/server", {
      case: "certificate",
      value: {
        role: "server",
        path: `/etc/${ATTACK}/server.crt`,
        subject: `CN=${ATTACK}`,
        issuer: `CN=${ATTACK}`,
        sans: [`DNS:${ATTACK}`],
        serial: ATTACK,
        notBeforeUnixMs: BigInt(world.nowMs - 24 * HOUR_MS),
        notAfterUnixMs: BigInt(world.nowMs - HOUR_MS),
      },
    });
    setFact(agent, "flags", {
      case: "flags",
      value: {
        name,
        dataDir: `/var/lib/${ATTACK}`,
        flags: { name, "quota-backend-bytes": `${ATTACK}${index}`, [ATTACK]: ATTACK },
        given: ["name", ATTACK],
      },
    });
    setFact(agent, "backups", {
      case: "backups",
      value: {
        directory: `/backup/${ATTACK}`,
        count: 1,
        newest: [
          {
            name: `${ATTACK}.db`,
            sizeBytes: 1_000n,
            modifiedAtUnixMs: BigInt(world.nowMs - 100 * HOUR_MS),
            check: BackupCheck.TRUNCATED,
            problem: ATTACK,
          },
        ],
        maxAgeMs: 93_600_000n,
        availableBytes: 1_000_000_000n,
        oldestAtUnixMs: BigInt(world.nowMs - 100 * HOUR_MS),
      },
    });
  }
  return world;
}

/** The member dies, and its log says why. */
function breakMember(world: World, victim: string): void {
  COMMANDS["kill"]?.(world, [victim]);
  const others = [...world.members.keys()].filter((name) => name !== victim);
  COMMANDS["elect"]?.(world, [others[0] ?? "", "by", ...others]);
  world
    .agent(victim)
    .events.push(
      { kind: "log", attributes: { code: "WAL_CRC_MISMATCH", said: ATTACK, count: "1" } },
      { kind: "kernel", attributes: { text: ATTACK } },
      { kind: ATTACK, attributes: { [ATTACK]: ATTACK } },
    );
}

async function openStream(stack: Stack, node: string): Promise<RawStream> {
  const { pkiDir, place } = stack;
  await mustRunEtcdscope(["pki", "issue-agent", "--cluster", CLUSTER, "--node", node, "--dir", pkiDir]);
  const stream = openRawStream(place, agentTls(pkiDir, CLUSTER, node));
  stream.send(helloOf({ cluster: CLUSTER, node }));
  await waitFor(`${node} is welcome`, () => stream.answers.includes("welcome"), {
    timeoutMs: TOLD_WITHIN_MS,
  });
  return stream;
}

/** Streams from then on; resolves when the collector tells of the dead member. */
export async function startHostileCluster(stack: Stack): Promise<HostileCluster> {
  const streams = await Promise.all(NODES.map(async (node) => await openStream(stack, node)));
  const encoders = NODES.map(() => createFrameEncoder());
  const world = createWorld();
  const victim = memberOf(NODES[2]);

  function send(): void {
    world.nowMs = systemClock.nowMs();
    for (const { agent, frame } of world.tick()) {
      const index = NODES.findIndex((node) => memberOf(node) === agent.node);
      const value = encoders[index]?.encode(frame);
      if (value !== undefined) {
        streams[index]?.send({ case: "frame", value });
      }
    }
  }
  async function read(): Promise<ClusterState> {
    return await stack.api<ClusterState>(`/clusters/${CLUSTER}`);
  }

  send();
  const timer = setInterval(send, FRAME_EVERY_MS);
  function stop(): void {
    clearInterval(timer);
    streams.forEach((stream) => stream.close());
  }
  try {
    const options = {
      timeoutMs: TOLD_WITHIN_MS,
      describeLast: () => streams.flatMap(({ answers }) => answers).join("; "),
    };
    await waitFor("the made cluster serves", async () => (await read()).quorum.serving === 3, options);
    breakMember(world, victim);
    await waitFor(
      "its member is found to be down, and an incident is open",
      async () => {
        const state = await read();
        return state.openIncident !== null && findActive(state, "MEMBER_DOWN", victim) !== undefined;
      },
      options,
    );
    return { cluster: CLUSTER, victim, incident: (await read()).openIncident ?? "", stop };
  } catch (error) {
    stop();
    throw error;
  }
}
