/** `etcdscope history backup`: works on the collector's file itself, beside a collector that runs or without one. */
import { checkCollectorConfig } from "../collector/config-file.ts";
import { formatProblems } from "../shared/config/config-problem.ts";
import { formatSizeBytes } from "../shared/config/parse-size.ts";
import type { Terminal } from "./terminal.ts";

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
  const { bytes } = backUpHistory(path, request.file);
  terminal.write(
    `OK  ${request.file}: ${formatSizeBytes(bytes)}, one moment of ${path}, opened and checked\n`,
  );
  return 0;
}
