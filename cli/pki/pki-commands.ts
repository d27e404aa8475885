/** The pki commands' options. The certificate packages are loaded when one is called. */
import { InvalidArgumentError, type Command } from "commander";
import { systemClock } from "../../shared/clock.ts";
import type { ProgramContext } from "../question.ts";
import type { PkiOptions } from "./run-pki.ts";

/** Ten years: identities are re-issued under an authority, it itself seldom. */
const AUTHORITY_DAYS = 3650;
/** The longest that common TLS libraries accept of a server. */
const IDENTITY_DAYS = 825;
/** Nobody who asks for more than a century means it. */
const MAX_DAYS = 36_500;
const DEFAULT_TOKEN_HOURS = 24;
const MAX_TOKEN_HOURS = 24 * 30;

interface GivenOptions {
  readonly dir: string;
  readonly days: number;
  readonly force: boolean;
}

export function addPkiCommands(program: Command, context: ProgramContext): void {
  const pki = program
    .command("pki")
    .summary("make the certificates of the agents' stream")
    .description("Makes the certificates of the agents' stream, for operators without a PKI for it.")
    .helpCommand(false);

  pkiCommand(pki, "init", { about: "a new authority: ca.crt and ca.key", days: AUTHORITY_DAYS }).action(
    async (options: GivenOptions) => {
      const { initAuthority } = await import("./run-pki.ts");
      context.terminal().write(await initAuthority(complete(options)));
    },
  );

  pkiCommand(pki, "issue-agent", {
    about: "an agent's identity: agent-CLUSTER-NODE.crt and .key",
    days: IDENTITY_DAYS,
  })
    .requiredOption("--cluster <name>", "the cluster, as in the agent's configuration")
    .requiredOption("--node <name>", "the node, as in the agent's configuration")
    .action(async (options: GivenOptions & { readonly cluster: string; readonly node: string }) => {
      const { issueForAgent } = await import("./run-pki.ts");
      context.terminal().write(await issueForAgent(complete(options), options));
    });

  addToken(pki, context);

  pkiCommand(pki, "issue-collector", {
    about: "the collector's identity: collector.crt and .key",
    days: IDENTITY_DAYS,
  })
    .requiredOption("--host <host>", "name or IP address that agents call it by; may be repeated", collect)
    .action(async (options: GivenOptions & { readonly host: readonly string[] }) => {
      const { issueForCollector } = await import("./run-pki.ts");
      context.terminal().write(await issueForCollector(complete(options), options.host));
    });
}

function addToken(pki: Command, context: ProgramContext): void {
  pki
    .command("token")
    .summary('a join token for "etcdscope enroll" on one node')
    .description(
      "Makes a join token: good once, for one node, for some hours. Tell it as you would a password.",
    )
    .option("--dir <dir>", "folder of the certificates", "./pki")
    .requiredOption("--cluster <name>", "the cluster")
    .requiredOption("--node <name>", "the node")
    .option("--hours <n>", "hours that it is good", parseHours, DEFAULT_TOKEN_HOURS)
    .action(
      async (options: {
        readonly dir: string;
        readonly cluster: string;
        readonly node: string;
        readonly hours: number;
      }) => {
        const { createToken } = await import("./run-pki.ts");
        context.terminal().write(await createToken({ dir: options.dir, clock: systemClock }, options));
      },
    );
  pki
    .command("revoke")
    .summary("a certificate that collectors shall not believe any more")
    .description(
      "Adds a certificate to revoked.txt, which a collector follows (grpc.revoked): its agent is cut off within seconds.",
    )
    .argument("<certificate>", "file of the certificate")
    .option("--dir <dir>", "folder of the certificates", "./pki")
    .action(async (certificate: string, options: { readonly dir: string }) => {
      const { revoke } = await import("./run-pki.ts");
      context.terminal().write(revoke({ dir: options.dir, clock: systemClock }, certificate));
    });
}

function pkiCommand(
  pki: Command,
  name: string,
  about: { readonly about: string; readonly days: number },
): Command {
  return pki
    .command(name)
    .summary(about.about)
    .description(`Makes ${about.about}.`)
    .option("--dir <dir>", "folder of the certificates", "./pki")
    .option("--days <n>", "days that it is valid", parseDays, about.days)
    .option("--force", "replace files that are there", false);
}

function complete(options: GivenOptions): PkiOptions {
  return { dir: options.dir, days: options.days, force: options.force, clock: systemClock };
}

function collect(host: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), host];
}

function parseHours(text: string): number {
  const hours = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (hours < 1 || hours > MAX_TOKEN_HOURS) {
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${MAX_TOKEN_HOURS}.`);
  }
  return hours;
}

function parseDays(text: string): number {
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > MAX_DAYS) {
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${MAX_DAYS}.`);
  }
  return days;
}
