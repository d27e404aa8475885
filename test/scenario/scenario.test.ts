/** Stories in plain text: UPDATE=1 in the environment writes what came out into the files, to be read before it is kept. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runScenario } from "./run-scenario.ts";

const folder = new URL("./testdata/", import.meta.url);
const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".txt"))
  .sort();

/** Some stories last an hour of their own time: seconds here, more on a busy machine. */
const TIMEOUT_MS = 60_000;

describe("test/scenario/scenario", () => {
  for (const file of files) {
    it(`tells ${file} as written`, { timeout: TIMEOUT_MS }, () => {
      const path = new URL(file, folder);
      const source = readFileSync(path, "utf8");
      const told = runScenario(source);
      if (process.env["UPDATE"] === "1") {
        writeFileSync(path, told);
      }
      expect(told).toBe(process.env["UPDATE"] === "1" ? told : source);
    });
  }
});
