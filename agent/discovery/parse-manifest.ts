/** A static pod's manifest → the flags that its etcd is started with. kubeadm mounts each path of them where the host has it. */
import type { GivenFlags } from "./parse-given-flags.ts";
import { parseArguments } from "./parse-given-flags.ts";

/** undefined: no container in it runs etcd, or it is no manifest. */
export async function parseManifestFlags(text: string): Promise<GivenFlags | undefined> {
  // Loaded only here: the agent is to stay small.
  const { parse } = await import("yaml");
  let document: unknown;
  try {
    // a tag that it does not know is no reason for a line on our standard error
    document = parse(text, { logLevel: "error" });
  } catch {
    return undefined;
  }
  const containers = listOf(fieldOf(fieldOf(document, "spec"), "containers"));
  const words = containers.map((container) =>
    [...listOf(fieldOf(container, "command")), ...listOf(fieldOf(container, "args"))].map(String),
  );
  const etcd = words.find(([program = ""]) => /(^|\/)etcd$/.test(program));
  return etcd === undefined ? undefined : parseArguments(etcd.slice(1));
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
