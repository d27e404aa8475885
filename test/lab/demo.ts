/**
 * `npm run demo`: a real cluster, watched, to look at and to break. With `--break NAME` it breaks the demo that runs in this
 * checkout, or starts one for it. Cleans up after itself, however it ends.
 */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { askRunningDemo, serveDemoControl } from "./demo-control.ts";
import { DEMO_FAULTS, isDemoFaultName, type DemoFaultName } from "./demo-faults.ts";
import { DEMO_DIR, startDemo, type DemoSession } from "./demo-session.ts";
import { findWhyNotRoot } from "./availability.ts";

const USAGE = `usage: npm run demo [-- --break ${DEMO_FAULTS.join("|")}]`;

const PID_FILE = join(DEMO_DIR, "pid");
/** Longer than a short command of the lab takes. */
const SETTLE_MS = 300;

function say(line: string): void {
  console.log(line);
}

function readBreak(): DemoFaultName | undefined {
  try {
    const { values } = parseArgs({ options: { break: { type: "string" } } });
    if (values.break === undefined || isDemoFaultName(values.break)) {
      return values.break;
    }
    console.error(`The demo cannot break "${values.break}"\n${USAGE}`);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
  process.exit(2);
}

/** Aborts at the first Ctrl-C or SIGTERM; later ones do not disturb the cleaning up. */
function createStopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (!controller.signal.aborted) {
        say("Cleaning up");
        controller.abort(new Error("Stopped"));
      }
    });
  }
  return controller.signal;
}

/** The pid of a demo that runs in this checkout; a file left by one that was killed does not count. */
function findRunningDemo(): number | undefined {
  if (!existsSync(PID_FILE)) {
    return undefined;
  }
  const pid = Number(readFileSync(PID_FILE, "utf8"));
  const commandLine = `/proc/${pid}/cmdline`;
  return existsSync(commandLine) && readFileSync(commandLine, "utf8").includes("demo.ts") ? pid : undefined;
}

function explain(session: DemoSession): void {
  const url = `http://127.0.0.1:${session.stack.place.httpPort}`;
  say(`
  console      ${url}/
  REST         ${url}/api/v1/clusters/${session.stack.cluster}
  look         in another terminal, in this folder:
               export ETCDSCOPE_COLLECTOR=${url} PATH="$PWD/bin:$PATH"
               etcdscope status
               etcdscope findings
  break it     npm run demo -- --break ${DEMO_FAULTS.join("|")}
  end          Ctrl-C
`);
}

async function runUntilStopped(session: DemoSession, stop: AbortSignal): Promise<number> {
  const control = await serveDemoControl(
    async (name, sayThere) =>
      await session.breakAndHeal(name, (line) => {
        say(line);
        sayThere(line);
      }),
  );
  say(await session.status());
  explain(session);
  await new Promise<void>((settle) => {
    stop.addEventListener("abort", () => settle());
  });
  control.close();
  return 0;
}

async function runDemo(name: DemoFaultName | undefined, stop: AbortSignal): Promise<number> {
  const session = await startDemo(say, stop);
  try {
    if (name === undefined) {
      return await runUntilStopped(session, stop);
    }
    return (await session.breakAndHeal(name, say)) ? 0 : 1;
  } finally {
    // A break that was asked for from outside may be in the middle of starting something.
    await delay(stop.aborted ? SETTLE_MS : 0);
    await session.stop();
  }
}

async function main(): Promise<number> {
  const name = readBreak();
  const answer =
    name === undefined ? undefined : await askRunningDemo(name, (text) => process.stdout.write(text));
  if (answer !== undefined) {
    return answer;
  }
  const running = findRunningDemo();
  if (running !== undefined) {
    console.error(
      `A demo already runs in this checkout (pid ${running}); end it first, or wait until it is ready`,
    );
    return 1;
  }
  if (name === "disk-full" && findWhyNotRoot()) {
    console.error("disk-full needs root: a small filesystem of its own is mounted for one member");
    return 1;
  }
  const stop = createStopSignal();
  mkdirSync(DEMO_DIR, { recursive: true });
  writeFileSync(PID_FILE, String(process.pid));
  try {
    return await runDemo(name, stop);
  } catch (error) {
    if (stop.aborted) {
      return 0;
    }
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    rmSync(DEMO_DIR, { recursive: true, force: true });
  }
}

process.exit(await main());
