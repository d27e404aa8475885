/** The agents of a soak in a process of their own, so that what they cost is not the collector's, nor the watcher's. */
import { fork } from "node:child_process";
import { join } from "node:path";
import type { FleetAnswer, FleetCalls, FleetRequest } from "./fleet-calls.ts";

export interface SoakFleet {
  call<Name extends keyof FleetCalls>(
    name: Name,
    ...input: Parameters<FleetCalls[Name]>
  ): Promise<Awaited<ReturnType<FleetCalls[Name]>>>;
  end(): Promise<void>;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly fail: (error: Error) => void;
}

export function startSoakFleet(): SoakFleet {
  const child = fork(join(import.meta.dirname, "fleet-process.ts"), {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  let ended: Error | undefined;
  const exited = new Promise<void>((resolve) => {
    child.once("exit", (code, signal) => {
      ended = new Error(`The agents' process has ended with ${String(signal ?? code)}`);
      for (const { fail } of waiting.values()) {
        fail(ended);
      }
      resolve();
    });
  });
  child.on("message", ({ id, result, error }: FleetAnswer) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) {
      asked?.resolve(result);
    } else {
      asked?.fail(new Error(`The agents' process: ${error}`));
    }
  });

  return {
    call: async (call, ...[input]) => {
      if (ended !== undefined) {
        throw ended;
      }
      calls += 1;
      const request: FleetRequest = { id: calls, call, input };
      return (await new Promise<unknown>((resolve, fail) => {
        waiting.set(request.id, { resolve, fail });
        child.send(request, (error) => error !== null && fail(error));
      })) as never;
    },
    end: async () => {
      if (child.connected) {
        child.disconnect();
      }
      await exited;
    },
  };
}
