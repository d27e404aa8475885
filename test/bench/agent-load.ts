/** Many agents' streams from one process: each sends as fast as it is acknowledged, within a window. */
import { create } from "@bufbuild/protobuf";
import { openConnection, type Connection } from "../../agent/stream/connection.ts";
import { wrapFrames } from "../../agent/stream/wrap-frames.ts";
import { systemClock } from "../../shared/clock.ts";
import { ConnectRequestSchema, HelloSchema } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { IssuedFiles } from "../collector/ingest/test-pki.ts";
import type { FrameTemplates } from "./real-frames.ts";

/** Frames of one stream that are not acknowledged, at most. */
const WINDOW = 60;

export interface LoadCounts {
  readonly frames: number;
  readonly samples: number;
  /** From send to acknowledgement, one in eight frames, of the time since the last look. */
  readonly ackMs: readonly number[];
}

export interface AgentLoad {
  /** Acknowledged since the last look. */
  look(): LoadCounts;
  problems(): readonly string[];
  stop(): void;
}

export interface LoadAgent {
  readonly cluster: string;
  readonly node: string;
  readonly tls: IssuedFiles;
}

export function startAgentLoad(
  agents: readonly LoadAgent[],
  collector: string,
  templates: FrameTemplates,
): AgentLoad {
  const problems: string[] = [];
  let frames = 0;
  let samples = 0;
  let ackMs: number[] = [];
  const connections = agents.map((agent, index) => startStream(agent, index));

  function startStream({ cluster, node, tls }: LoadAgent, offset: number): Connection {
    let sent = 0;
    let acknowledged = 0;
    let isWelcome = false;
    let isRoom = true;
    const sentMs = new Map<number, number>();

    function indexOf(sequence: number): number {
      return sequence === 1 ? 0 : offset + sequence;
    }

    function pump(): void {
      while (isWelcome && isRoom && sent - acknowledged < WINDOW) {
        // what is ready goes into one message, as an agent does it that catches up
        const batch: Uint8Array[] = [];
        do {
          sent += 1;
          if (sent % 8 === 0) {
            sentMs.set(sent, performance.now());
          }
          batch.push(templates.frame(indexOf(sent), sent, systemClock.nowMs()));
        } while (sent - acknowledged < WINDOW);
        isRoom = connection.writeBytes(wrapFrames(batch));
      }
    }

    const connection = openConnection(
      { collector, tls, clock: systemClock },
      {
        onMessage: ({ message }) => {
          if (message.case === "welcome") {
            isWelcome = true;
          } else if (message.case === "ack") {
            for (; acknowledged < Number(message.value.sequence); acknowledged += 1) {
              frames += 1;
              samples += templates.samples(indexOf(acknowledged + 1));
              const at = sentMs.get(acknowledged + 1);
              if (at !== undefined) {
                ackMs.push(performance.now() - at);
                sentMs.delete(acknowledged + 1);
              }
            }
          } else if (message.case === "refusal") {
            problems.push(`${cluster}/${node} refused: ${message.value.text}`);
          }
          pump();
        },
        onDrained: () => {
          isRoom = true;
          pump();
        },
        onEnded: (reason) => problems.push(`${cluster}/${node} ended: ${reason}`),
      },
    );
    connection.write(
      create(ConnectRequestSchema, {
        message: {
          case: "hello",
          value: create(HelloSchema, {
            cluster,
            node,
            agentVersion: "0.1.0",
            bootId: "bench",
            instanceId: `bench-${cluster}-${node}-${Math.floor(systemClock.nowMs())}`,
            firstSequence: 1n,
            lastSequence: 1n,
          }),
        },
      }),
    );
    return connection;
  }

  return {
    look: () => {
      const counts = { frames, samples, ackMs };
      frames = 0;
      samples = 0;
      ackMs = [];
      return counts;
    },
    problems: () => problems,
    stop: () => connections.forEach((connection) => connection.close()),
  };
}
