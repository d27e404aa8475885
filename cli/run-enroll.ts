/** `etcdscope enroll`: a key made here, a certificate for it from the collector, and a configuration that uses both. */
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, statSync, chownSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { readJoinClaim } from "../collector/enrol/join-token.ts";
import { requestCertificate } from "../shared/enrolment-client.ts";
import { EtcdscopeError } from "../shared/errors.ts";
import type { Terminal } from "./terminal.ts";

export interface EnrollRequest {
  readonly collector: string;
  readonly token: string;
  /** Folder of ca.crt, agent.crt and agent.key. */
  readonly dir: string;
  /** Written when it is not there yet. */
  readonly config: string;
  readonly force: boolean;
}

export async function runEnroll(request: EnrollRequest, terminal: Terminal): Promise<number> {
  const { collector, token, dir, config, force } = request;
  const claim = readJoinClaim(token);
  const files = { ca: join(dir, "ca.crt"), cert: join(dir, "agent.crt"), key: join(dir, "agent.key") };
  const taken = Object.values(files).filter((file) => existsSync(file));
  if (taken.length > 0 && !force) {
    throw new EtcdscopeError("ARGUMENT_INVALID", `${taken.join(" and ")} already there; --force replaces`);
  }
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();
  // A token is good once: what can fail here fails before it is used.
  const place = createPlace(dir);
  place.write(files.key, key, 0o600);
  try {
    const issued = await requestCertificate(collector, { token, authorityHash: claim.authorityHash, key });
    place.write(files.ca, issued.ca, 0o644);
    place.write(files.cert, issued.certificate, 0o644);
    place.commit();
    const until = new X509Certificate(issued.certificate).validTo;
    terminal.write(
      `${files.cert}   ${claim.cluster}/${claim.node}, valid until ${until}, renewed by the agent\n`,
    );
  } catch (error) {
    place.abandon();
    throw error;
  }
  if (existsSync(config)) {
    terminal.write(`${config}   is there and stays as it is\n`);
  } else {
    const text = stringify({ cluster: claim.cluster, node: claim.node, collectors: [collector], tls: files });
    mkdirSync(dirname(config), { recursive: true });
    writeFileSync(config, text, { mode: 0o644, flag: "wx" });
    terminal.write(`${config}   written\n`);
  }
  terminal.write("Next: systemctl restart etcdscope-agent\n");
  return 0;
}

interface Place {
  write(file: string, text: string, mode: number): void;
  commit(): void;
  abandon(): void;
}

/** Files appear together, and belong to whom the folder belongs: the agent's user, where a package made it. */
function createPlace(dir: string): Place {
  const { uid, gid } = statSync(dir);
  const written: string[] = [];
  return {
    write(file, text, mode) {
      rmSync(`${file}.new`, { force: true });
      writeFileSync(`${file}.new`, text, { mode, flag: "wx" });
      chownSync(`${file}.new`, uid, gid);
      written.push(file);
    },
    commit: () => written.forEach((file) => renameSync(`${file}.new`, file)),
    abandon: () => written.forEach((file) => rmSync(`${file}.new`, { force: true })),
  };
}
