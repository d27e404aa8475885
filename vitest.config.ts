/**
 * Unit tests side by side; then the ones on real etcd, namespaces and disks, one file at a time; then the one that mostly waits,
 * which `npm test` runs beside these.
 */

import { defineConfig } from "vitest/config";

const onRealThings = ["test/integration/**/*.test.ts", "test/lab/**/*.test.ts", "test/e2e/**/*.test.ts"];
const waiting = ["test/integration/unseen.test.ts"];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...onRealThings, "test/bench/**"],
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "real",
          include: onRealThings,
          exclude: waiting,
          fileParallelism: false,
          // Faults must be found within 5 s, and a shared machine sometimes stands still for longer.
          retry: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
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
