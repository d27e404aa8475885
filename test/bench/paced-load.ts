/** Many agents' streams from one process, a frame a second each, as agents at their default cadence send. */
import { create } from "@bufbuild/protobuf";
import { openConnection } from "../../agent/stream/connection.ts";
import { wrapFrames } from "../../agent/stream/wrap-frames.ts";
import { systemClock } from "../../shared/clock.ts";
import { ConnectRequestSchema, HelloSchema } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { LoadAgent } from "./agent-load.ts";
import type { FrameTemplates } from "./real-frames.ts";

export interface PacedLoad {
  problems(): readonly string[];
  stop(): void;
}

const FRAME_EVERY_MS = 1000;

export function startPacedLoad(
  agents: readonly LoadAgent[],
  collector: string,
  templates: FrameTemplates,
): PacedLoad {
  const problems: string[] = [];
  const stops = agents.map(({ cluster, node, tls }, index) => {
    let sequence = 0;
    let isStopped = false;
    const connection = openConnection(
      { collector, tls, clock: systemClock },
      {
        onMessage: ({ message }) => {
          if (message.case === "refusal") {
            problems.push(`${cluster}/${node} refused: ${message.value.text}`);
          }
        },
        onDrained: () => undefined,
        onEnded: (reason) => {
          if (!isStopped) {
            problems.push(`${cluster}/${node} ended: ${reason}`);
          }
        },
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
            instanceId: `bench-${cluster}-${node}`,
            firstSequence: 1n,
            lastSequence: 1n,
          }),
        },
      }),
    );
    // The streams are spread over the second.
    const timers: NodeJS.Timeout[] = [];
    timers.push(
      setTimeout(
        () => {
          timers.push(
            setInterval(() => {
              sequence += 1;
              const frame = templates.frame(
                sequence === 1 ? 0 : index + sequence,
                sequence,
                systemClock.nowMs(),
              );
              connection.writeBytes(wrapFrames([frame]));
            }, FRAME_EVERY_MS),
          );
        },
        (index / agents.length) * FRAME_EVERY_MS,
      ),
    );
    return () => {
      isStopped = true;
      timers.forEach(clearTimeout);
      connection.close();
    };
  });
  return { problems: () => problems, stop: () => stops.forEach((stop) => stop()) };
}
