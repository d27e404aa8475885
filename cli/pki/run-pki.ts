/** The pki commands: what they check, what they write, what they say afterwards. */
import { isHost } from "../../shared/config/parse-address.ts";
import { isName, MAX_CLUSTER_NAME_LENGTH, MAX_NODE_NAME_LENGTH } from "../../shared/config/field-types.ts";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { createAuthority, issueAgent, issueCollector, type Issued } from "./certificate-authority.ts";
import { assertFree, readAuthority, writePair, type WrittenPair } from "./pki-folder.ts";

/** Common to all three. */
export interface PkiOptions {
  readonly dir: string;
  readonly days: number;
  readonly force: boolean;
  readonly clock: Clock;
}

/** ca.crt and ca.key. */
export async function initAuthority(options: PkiOptions): Promise<string> {
  assertFree(options.dir, "ca", options.force);
  const issued = await createAuthority("etcdscope agents", validityOf(options));
  return describe(writePair(options.dir, "ca", { ...issued, force: options.force }), issued);
}

/** agent-CLUSTER-NODE.crt and .key. */
export async function issueForAgent(
  options: PkiOptions,
  agent: { readonly cluster: string; readonly node: string },
): Promise<string> {
  assertName("--cluster", agent.cluster, MAX_CLUSTER_NAME_LENGTH);
  assertName("--node", agent.node, MAX_NODE_NAME_LENGTH);
  const name = `agent-${agent.cluster}-${agent.node}`;
  assertFree(options.dir, name, options.force);
  const issued = await issueAgent(await readAuthority(options.dir), agent, validityOf(options));
  return describe(writePair(options.dir, name, { ...issued, force: options.force }), issued);
}

/** collector.crt and collector.key. */
export async function issueForCollector(options: PkiOptions, hosts: readonly string[]): Promise<string> {
  for (const host of hosts) {
    if (!isHost(host)) {
      throw invalid("--host", `an IP address or a host name, got "${host}"`);
    }
  }
  assertFree(options.dir, "collector", options.force);
  const issued = await issueCollector(
    await readAuthority(options.dir),
    [...new Set(hosts)],
    validityOf(options),
  );
  return describe(writePair(options.dir, "collector", { ...issued, force: options.force }), issued);
}

function assertName(option: string, text: string, maxLength: number): void {
  if (!isName(text, maxLength)) {
    throw invalid(option, `1 to ${maxLength} characters of A-Z a-z 0-9 . _ -, got "${text}"`);
  }
}

function invalid(option: string, expectation: string): EtcdscopeError {
  return new EtcdscopeError("ARGUMENT_INVALID", `${option}: expected ${expectation}`, { field: option });
}

function validityOf(options: PkiOptions): { readonly nowMs: number; readonly days: number } {
  return { nowMs: options.clock.nowMs(), days: options.days };
}

function describe(files: WrittenPair, issued: Issued): string {
  const until = new Date(issued.notAfterMs).toISOString().slice(0, 10);
  return `${files.certificateFile}   valid until ${until}\n${files.keyFile}   keep it secret\n`;
}
