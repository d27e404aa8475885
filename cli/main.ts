/** The one command's entry: hands over to a service or to the tools, and turns whatever comes out into an exit code. */
import { takeHandedConfig } from "./hand-over.ts";

async function main(): Promise<number> {
  const config = process.argv[2] === "agent" ? takeHandedConfig(process.env) : undefined;
  if (config !== undefined) {
    // The second life of the agent: see hand-over.ts. Nothing else may be loaded here.
    const { runAgent } = await import("../agent/main.ts");
    process.exit(await runAgent(config));
  }
  const { runProgram } = await import("./program.ts");
  return await runProgram(process.argv.slice(2), process.env);
}

process.exitCode = await main();
