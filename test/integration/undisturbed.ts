/** The witness of "nothing else suffers": an agent beside the abuse whose stream, frames and acknowledgements must go on. */
import { expect } from "vitest";
import type { SeriesAnswer } from "../../shared/rest.ts";
import type { Stack } from "../lab/stack.ts";
import { waitFor } from "../lab/wait-for.ts";
import { readLog } from "./read-log.ts";

/** More frames than this in its queue: acknowledgements do not come. At one a second and as many at each change. */
const MAX_QUEUED = 10;
const WITHIN_MS = 60_000;

export interface Undisturbed {
  /** Its frames of after this call become durable and are acknowledged, over the stream that it had. */
  expectUndisturbed(): Promise<void>;
}

/** The witness needs `intervals.normal` of 1 s: its queue's length is a sample of that cadence. */
export function watchWitness(stack: Stack, node: string): Undisturbed {
  const agent = stack.agent(node);
  const linesBefore = readLog(agent.logPath).length;
  const pidBefore = agent.pid;

  async function expectUndisturbed(): Promise<void> {
    const from = new Date().toISOString();
    const path = `/clusters/${stack.cluster}/series/etcdscope_agent_queue_frames?node=${node}&points=100&from=${from}`;
    let queued: number | undefined;
    await waitFor(
      "frames of the witness are durable and acknowledged",
      async () => {
        // A point in the history proves that its frame was committed; its value, that those before were acknowledged.
        const { series } = await stack.api<SeriesAnswer>(path);
        queued = series[0]?.points.at(-1)?.last;
        return queued !== undefined && queued <= MAX_QUEUED;
      },
      { timeoutMs: WITHIN_MS, describeLast: () => `${String(queued)} frames queued` },
    );
    const state = await stack.state();
    expect(state.members.find(({ name }) => name === node)).toMatchObject({
      state: "serving",
      agent: { state: "online" },
    });
    expect([agent.pid, stack.collector.isRunning()]).toEqual([pidBefore, true]);
    expect(readLog(agent.logPath).slice(linesBefore), "the witness logs nothing").toEqual([]);
  }

  return { expectUndisturbed };
}
