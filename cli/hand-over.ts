/**
 * Starts the agent proper in place of the process that has read its configuration. YAML and schema packages cost
 * 17 MiB of resident memory that a process never gives back, on a machine where memory belongs to etcd; so the process
 * replaces itself (same PID, same open files) and gets the finished configuration handed through its environment.
 */
import type { AgentConfig } from "../agent/config.ts";
import { EtcdscopeError } from "../shared/errors.ts";

const VARIABLE = "ETCDSCOPE_HANDED_CONFIG";

/** Linux takes 128 KiB for one string of the environment. */
const MAX_LENGTH = 120 * 1024;

/** Never returns: the program starts again with the configuration at hand. */
export function handOver(config: AgentConfig, environment: NodeJS.ProcessEnv): never {
  // The PID stays the same across the replacement, so nobody else's leftover is taken for ours.
  const handed = `${process.pid}:${JSON.stringify(config)}`;
  if (Buffer.byteLength(handed) > MAX_LENGTH) {
    throw new EtcdscopeError("CONFIG_INVALID", `Expected a configuration of at most ${MAX_LENGTH} bytes`);
  }
  if (process.execve === undefined) {
    throw new EtcdscopeError("INTERNAL", "This Node has no process.execve; expected 24.12 or newer");
  }
  const args = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  return process.execve(process.execPath, args, { ...environment, [VARIABLE]: handed });
}

/** The configuration that this very process handed to itself, once. */
export function takeHandedConfig(environment: NodeJS.ProcessEnv): AgentConfig | undefined {
  const handed = environment[VARIABLE];
  const own = `${process.pid}:`;
  if (handed === undefined || !handed.startsWith(own)) {
    return undefined;
  }
  Reflect.deleteProperty(environment, VARIABLE);
  return JSON.parse(handed.slice(own.length)) as AgentConfig;
}
