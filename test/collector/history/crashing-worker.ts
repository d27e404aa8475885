/** A thread for tests of the handle: it can echo, die, or be busy for ever. */
import { parentPort } from "node:worker_threads";

parentPort?.on("message", ({ id, name, input }: { id: number; name: string; input: unknown }) => {
  if (name === "die") {
    process.exit(1);
  }
  if (name === "throw") {
    setImmediate(() => {
      throw new Error("Thrown outside of a call");
    });
    return;
  }
  if (name === "never") {
    return;
  }
  parentPort?.postMessage({ id, kind: "done", output: input });
});
