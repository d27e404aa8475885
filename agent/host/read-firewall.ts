/**
 * The rules of this node's packet filter that concern etcd, as its own tools print them: nothing in /proc tells. Up to three short-lived
 * child processes, so only when a link is in doubt and once an hour; they read and change nothing.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { FirewallRules } from "./firewall-rules.ts";
import type { FirewallOrigin, FirewallRule, FirewallWanted } from "./firewall-rules.ts";

export interface FirewallLook {
  readonly rules: readonly FirewallRule[];
  /** Why there may be rules that were not seen; empty: all were. */
  readonly problem: string;
}

interface Tool {
  readonly name: FirewallOrigin["source"];
  readonly places: readonly string[];
  readonly args: readonly string[];
}

/** By their places, since a service's PATH often lacks /usr/sbin. */
const TOOLS: readonly Tool[] = [
  tool("iptables-save", []),
  tool("iptables-legacy-save", []),
  tool("nft", ["list", "ruleset"]),
];
/** For each tool; with as many rules as a large cluster's node has it takes a second. */
const LIMIT_MS = 4000;
/** More lines than that are not read. */
const MAX_LINES = 400_000;
const MAX_SAID = 300;

function tool(name: FirewallOrigin["source"], args: readonly string[]): Tool {
  return { name, places: [`/usr/sbin/${name}`, `/sbin/${name}`, `/usr/bin/${name}`], args };
}

interface ToolLook {
  readonly rules: readonly FirewallRule[];
  /** undefined: the tool is not here. */
  readonly problem: string | undefined;
}

export async function readFirewall(wanted: FirewallWanted, signal: AbortSignal): Promise<FirewallLook> {
  const looks: ToolLook[] = [];
  for (const one of TOOLS) {
    const hasIptables = looks[0]?.problem === "";
    looks.push(await look({ one, wanted, signal, hasIptables }));
  }
  const present = looks.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  const seen = new Set<string>();
  return {
    rules: looks
      .flatMap(({ rules }) => rules)
      .filter(({ text }) => !seen.has(text) && seen.add(text) !== undefined),
    problem:
      present.length === 0
        ? "neither iptables-save nor nft is on this node"
        : (present.find((problem) => problem !== "") ?? ""),
  };
}

async function look(about: Run): Promise<ToolLook> {
  for (const place of about.one.places) {
    const found = await run(place, about);
    if (found.problem !== undefined) {
      return found;
    }
  }
  return { rules: [], problem: undefined };
}

interface Run {
  readonly one: Tool;
  readonly wanted: FirewallWanted;
  readonly signal: AbortSignal;
  readonly hasIptables: boolean;
}

async function run(place: string, { one, wanted, signal, hasIptables }: Run): Promise<ToolLook> {
  const found = new FirewallRules({ source: one.name, hasIptables }, wanted);
  const child = spawn(place, one.args, {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
    signal,
  });
  let said = "";
  let lines = 0;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(0, MAX_SAID);
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines += 1;
    if (lines <= MAX_LINES) {
      found.push(line);
    } else {
      child.kill("SIGKILL");
    }
  });
  const { promise, resolve } = Promise.withResolvers<ToolLook>();
  child.once("error", (error: NodeJS.ErrnoException) => {
    const isAbsent = error.code === "ENOENT";
    resolve({ rules: [], problem: isAbsent ? undefined : `${one.name} cannot be run: ${error.message}` });
  });
  child.once("close", (code) => {
    const words = said.trim().split("\n").at(-1) ?? "";
    const problem =
      code === 0 ? "" : `${one.name} ${code === null ? "did not end in time" : `says: ${words || code}`}`;
    resolve({ rules: found.rules, problem });
  });
  return await promise;
}
