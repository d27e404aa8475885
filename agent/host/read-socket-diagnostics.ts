/**
 * What TCP keeps of the established connections with other members, in the agent's own network, by iproute2's `ss`: the kernel's
 * socket diagnostics speak netlink, which Node does not. One short-lived child process; it reads and changes nothing.
 */
import { spawn } from "node:child_process";
import { parseSocketDiagnostics } from "./parse-socket-diagnostics.ts";
import type { DiagnosedSocket } from "./parse-socket-diagnostics.ts";

export interface DiagnosticsWanted {
  /** IP addresses of the other ends. */
  readonly addresses: readonly string[];
  /** A port that either end has. */
  readonly ports: readonly number[];
  /** Also sockets of IPv6, which is a second walk through the kernel's table. */
  readonly withIpv6: boolean;
}

export interface DiagnosticsLook {
  readonly sockets: readonly DiagnosedSocket[];
  /** Why they could not be seen; empty: they were. */
  readonly problem: string;
}

/** By their places, since a service's PATH often lacks /usr/sbin. */
const PLACES = ["/usr/bin/ss", "/usr/sbin/ss", "/bin/ss", "/sbin/ss"];
const LIMIT_MS = 2000;
/** A connection takes 700 bytes, a member has about six with each other one. */
const MAX_BYTES = 512 * 1024;
const MAX_SAID = 300;

export async function readSocketDiagnostics(
  wanted: DiagnosticsWanted,
  signal: AbortSignal,
): Promise<DiagnosticsLook> {
  const args = listArguments(wanted);
  for (const place of PLACES) {
    const look = await run(place, args, signal);
    if (look !== undefined) {
      return look;
    }
  }
  return { sockets: [], problem: "ss (iproute2) is not on this node" };
}

function listArguments({ addresses, ports, withIpv6 }: DiagnosticsWanted): readonly string[] {
  const hosts = addresses.map((address) => `dst ${address.includes(":") ? `[${address}]` : address}`);
  const ends = ports.flatMap((port) => [`dport = :${port}`, `sport = :${port}`]);
  const filter = `( ${hosts.join(" or ")} ) and ( ${ends.join(" or ")} )`;
  return ["-tineH", ...(withIpv6 ? [] : ["-4"]), "state", "established", filter];
}

/** undefined: there is no such file. */
async function run(
  place: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<DiagnosticsLook | undefined> {
  const child = spawn(place, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { LC_ALL: "C" },
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
    signal,
  });
  let said = "";
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    said = (said + part).slice(0, MAX_SAID);
  });
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    if (text.length > MAX_BYTES) {
      child.kill("SIGKILL");
    }
  });
  const { promise, resolve } = Promise.withResolvers<DiagnosticsLook | undefined>();
  child.once("error", (error: NodeJS.ErrnoException) => {
    const look = { sockets: [], problem: `ss cannot be run: ${error.message}` };
    resolve(error.code === "ENOENT" ? undefined : look);
  });
  child.once("close", (code) => {
    if (text.length > MAX_BYTES) {
      resolve({ sockets: [], problem: `ss printed more than ${MAX_BYTES} bytes` });
    } else if (code === 0) {
      resolve({ sockets: parseSocketDiagnostics(text), problem: "" });
    } else {
      const words = said.trim().split("\n").at(-1) ?? "";
      const problem = code === null ? "ss did not end in time" : `ss says: ${words || code}`;
      resolve({ sockets: [], problem });
    }
  });
  return await promise;
}
