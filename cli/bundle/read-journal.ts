/** The last lines of a service's own log, from the journal. One short-lived `journalctl`. */
import { execFile } from "node:child_process";
import { EtcdscopeError } from "../../shared/errors.ts";

const LIMIT_MS = 15_000;
const MAX_BYTES = 16 * 1024 * 1024;

/** Rejects with UNAVAILABLE where there is no journal, or none that this user may read. */
export function readJournal(unit: string, lines: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  execFile(
    "journalctl",
    ["--unit", unit, "--lines", String(lines), "--output", "short-iso-precise", "--no-pager", "--quiet"],
    { timeout: LIMIT_MS, maxBuffer: MAX_BYTES },
    (error, stdout, stderr) => {
      if (error === null && stdout !== "") {
        resolve(stdout);
        return;
      }
      const missing = (error as NodeJS.ErrnoException | null)?.code === "ENOENT";
      const why = missing
        ? "there is no journalctl here"
        : stderr.trim().split("\n")[0] || "it has no line of it";
      reject(new EtcdscopeError("UNAVAILABLE", `The journal of ${unit} cannot be read: ${why}`));
    },
  );
  return promise;
}
