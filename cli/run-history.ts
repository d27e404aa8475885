/** `etcdscope history backup`, and what a check tells of the history: works on the collector's file itself, beside a collector that runs or without one. */
import { checkCollectorConfig } from "../collector/config-file.ts";
import { formatProblems } from "../shared/config/config-problem.ts";
import { formatSizeBytes } from "../shared/config/parse-size.ts";
import type { Terminal } from "./terminal.ts";

/** Less is read in seconds. */
const LONG_BYTES = 1024 ** 3;

/** To standard error, before all of a file is read and nothing else is heard for a while. */
export function tellReading(terminal: Terminal, file: string, bytes: number): void {
  if (bytes >= LONG_BYTES) {
    terminal.writeError(`Reading all of ${file}, ${formatSizeBytes(bytes)}: that takes a while\n`);
  }
}

export async function runBackup(
  request: { readonly config: string; readonly file: string },
  terminal: Terminal,
): Promise<number> {
  const checked = checkCollectorConfig(request.config);
  if (checked.kind === "invalid") {
    terminal.writeError(`${formatProblems(request.config, checked.problems)}\n`);
    return 2;
  }
  const { backUpHistory } = await import("../collector/history/backup.ts");
  const { path } = checked.config.history;
  const { bytes } = backUpHistory(path, request.file, (file, size) => tellReading(terminal, file, size));
  terminal.write(
    `OK  ${request.file}: ${formatSizeBytes(bytes)}, one moment of ${path}, and every page of the copy read and sound\n`,
  );
  return 0;
}
