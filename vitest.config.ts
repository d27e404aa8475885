/**
 * Unit tests side by side; then the ones on real etcd, namespaces and disks, two files at a time; then those that mostly wait,
 * which `npm test` runs beside these.
 */

import { defineConfig } from "vitest/config";

const onRealThings = ["test/integration/**/*.test.ts", "test/lab/**/*.test.ts", "test/e2e/**/*.test.ts"];
/** Threads and children that the tests start read compiled code from here, instead of stripping the types anew each time. */
process.env["NODE_COMPILE_CACHE"] ??= new URL(".cache/compile", import.meta.url).pathname;

const waiting = ["test/integration/unseen.test.ts"];
/**
 * Ten thousand connections are felt by whatever runs beside them; that the kernel killed an etcd for memory is seen by every agent of the
 * machine.
 */
const alone = ["test/security/floods.test.ts", "test/integration/container.test.ts"];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...onRealThings, ...alone, "test/bench/**"],
          // Files share what they have loaded: a third less CPU. So a test puts back what it changes beyond its file.
          isolate: false,
          // Limits for what hangs, not for what is slow on a busy machine.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "real",
          include: onRealThings,
          exclude: [...waiting, ...alone],
          // They wait more than they compute, each in a network, with disks and ports of its own.
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "alone",
          include: alone,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: "waiting",
          include: waiting,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
