/** Runs bin/etcdscope the way a user does. */

import { join } from "node:path";
import { runCommand, type Finished, type RunOptions } from "./run-command.ts";

export const ETCDSCOPE = join(import.meta.dirname, "../../bin/etcdscope");

export async function runEtcdscope(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return await runCommand([ETCDSCOPE, ...args], options);
}

/** Throws with what the command said when it does not end with 0. */
export async function mustRunEtcdscope(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const finished = await runEtcdscope(args, options);
  if (!finished.ok) {
    const said = `${finished.stdout}${finished.stderr}`.trim();
    throw new Error(`etcdscope ${args.join(" ")} ended with code ${String(finished.code)}: ${said}`);
  }
  return finished.stdout;
}
