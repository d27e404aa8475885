/** Whose configuration a file is, by keys that only one of the two has. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";

const OF_COLLECTOR: ReadonlySet<string> = new Set([
  "grpc",
  "http",
  "history",
  "thresholds",
  "clusters",
  "alerts",
  "remoteWrite",
]);

/** What cannot be read, or says nothing, is taken for an agent's: its check says what is wrong. */
export function guessService(file: string): "agent" | "collector" {
  const keys = readKeys(file);
  const isCollector = keys.some((key) => OF_COLLECTOR.has(key)) && !keys.includes("cluster");
  return isCollector ? "collector" : "agent";
}

function readKeys(file: string): readonly string[] {
  try {
    const document: unknown = parse(readFileSync(file, "utf8"), { logLevel: "error" });
    return typeof document === "object" && document !== null ? Object.keys(document) : [];
  } catch {
    return [];
  }
}
