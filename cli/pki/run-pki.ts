/** The pki commands: what they check, what they write, what they say afterwards. */
import { isHost } from "../../shared/config/parse-address.ts";
import { isName, MAX_CLUSTER_NAME_LENGTH, MAX_NODE_NAME_LENGTH } from "../../shared/config/field-types.ts";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import {
  createAuthority,
  issueAgent,
  issueCollector,
  type Issued,
} from "../../collector/enrol/certificate-authority.ts";
import { randomBytes } from "node:crypto";
import { certificateHash } from "../../shared/enrolment.ts";
import { createJoinToken } from "../../collector/enrol/join-token.ts";
import {
  appendRevoked,
  assertFree,
  readAuthority,
  readOrCreateJoinKey,
  readSerial,
  writePair,
  type WrittenPair,
} from "./pki-folder.ts";

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

/** A one-time token for one node; the key that seals it is made when there is none. */
export async function createToken(
  options: Pick<PkiOptions, "dir" | "clock">,
  join: { readonly cluster: string; readonly node: string; readonly hours: number },
): Promise<string> {
  assertName("--cluster", join.cluster, MAX_CLUSTER_NAME_LENGTH);
  assertName("--node", join.node, MAX_NODE_NAME_LENGTH);
  const { certificate } = await readAuthority(options.dir);
  const token = createJoinToken(
    {
      cluster: join.cluster,
      node: join.node,
      expiresAtMs: options.clock.nowMs() + join.hours * 3_600_000,
      id: randomBytes(16).toString("hex"),
      authorityHash: certificateHash(certificate.toString("pem")),
    },
    readOrCreateJoinKey(options.dir),
  );
  return `${token}\n`;
}

/** Adds a certificate to the list that the collector reads (grpc.revoked). */
export function revoke(options: Pick<PkiOptions, "dir" | "clock">, certificateFile: string): string {
  const { serial, names } = readSerial(certificateFile);
  const day = new Date(options.clock.nowMs()).toISOString().slice(0, 10);
  const list = appendRevoked(options.dir, `${serial}  # ${names} ${day}`);
  return `${list}   ${serial} (${names}) is no longer believed by collectors that read it (grpc.revoked)\n`;
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
