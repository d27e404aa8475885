/** The options of `etcdscope bundle`. */
import type { Command } from "commander";
import { parseDurationMs } from "../../shared/config/parse-duration.ts";
import { systemClock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { question, type CommonOptions, type ProgramContext } from "../question.ts";

interface BundleOptions extends CommonOptions {
  readonly output: string;
  readonly since: string;
  readonly config?: readonly string[];
  readonly capture: boolean;
}

const USUAL_CONFIGS = ["/etc/etcdscope/agent.yaml", "/etc/etcdscope/collector.yaml"];
const MAX_SINCE_MS = 7 * 24 * 3_600_000;

export function addBundleCommand(program: Command, context: ProgramContext): void {
  question(program, "bundle", { about: "one redacted archive for a support case", hasJson: false })
    .requiredOption("-o, --output <file>", "the archive to write (.tar.gz)")
    .option("--since <duration>", "how far back findings, changes and frames go", "1h")
    .option("--config <file...>", "configurations (default: those in /etc/etcdscope)")
    .option("--no-capture", "without recorded frames (which need the admin role)")
    .addHelpText(
      "after",
      "\nHolds versions, the configuration in force, the services' last log lines, states,\nfindings, incidents and recorded frames. What cannot be had is told and left out.\nNo key and no token is in it; names, addresses and paths are, as a diagnosis needs them.",
    )
    .action(async (options: BundleOptions) => {
      const sinceMs = parseDurationMs(options.since);
      if (sinceMs === undefined || sinceMs <= 0 || sinceMs > MAX_SINCE_MS) {
        throw new EtcdscopeError(
          "ARGUMENT_INVALID",
          `--since: expected a duration up to 7d such as 2h, got "${options.since}"`,
          { field: "--since" },
        );
      }
      const [{ runBundle }, { readJournal }, { resolvePlace }, { createCollectorClient }] = await Promise.all(
        [
          import("./run-bundle.ts"),
          import("./read-journal.ts"),
          import("../ask-options.ts"),
          import("../collector-client.ts"),
        ],
      );
      const place = resolvePlace(options, context.environment);
      const request = {
        client: createCollectorClient(place),
        cluster: options.cluster,
        sinceMs,
        configs: options.config ?? USUAL_CONFIGS,
        secrets: place.token === undefined ? [] : [place.token],
        hasCapture: options.capture,
        readJournal,
        output: options.output,
        clock: systemClock,
      };
      context.finish(await runBundle(request, context.terminal(options.lang)));
    });
}
