/** Certificates for tests, made by the code that makes an operator's. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initAuthority, issueForAgent, issueForCollector } from "../../../cli/pki/run-pki.ts";
import { systemClock } from "../../../shared/clock.ts";

/** A new folder with an authority, a collector's pair for loopback and one agent's pair; the caller removes it. */
export async function createTemporaryPki(cluster = "prod-a", node = "m1"): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "etcdscope-pki-"));
  const options = { dir, days: 400, force: false, clock: systemClock };
  await initAuthority(options);
  await issueForCollector(options, ["localhost", "127.0.0.1", "::1"]);
  await issueForAgent(options, { cluster, node });
  return dir;
}
