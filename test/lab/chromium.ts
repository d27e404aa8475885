/** The real browser that the console is tried in: Debian's chromium, installed when it is missing and this process may. */

import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";
import { findWhyNotRoot, unavailable, type Unavailable } from "./availability.ts";
import { withFileLock } from "./file-lock.ts";
import { runCommand } from "./run-command.ts";

const CHROMIUM = "/usr/bin/chromium";
const LOCK = "/tmp/etcdscope-chromium.lock";
const INSTALL_WITHIN_MS = 300_000;

/** Root needs --no-sandbox; the others keep the browser away from the network and from first-run questions. */
const FLAGS = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface LabBrowser {
  readonly kind: "available";
  readonly browser: Browser;
}

async function install(): Promise<Unavailable | undefined> {
  const notRoot = findWhyNotRoot();
  if (notRoot !== undefined) {
    return unavailable("chromium is not installed, and installing it needs root");
  }
  console.log("etcdscope: installing Debian's chromium");
  const options = {
    timeoutMs: INSTALL_WITHIN_MS,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  };
  // A Chinese font comes along: without one the console's Chinese would be boxes.
  const packages = ["chromium", "fonts-wqy-microhei"];
  let apt = await runCommand(["apt-get", "install", "-y", "--no-install-recommends", ...packages], options);
  if (!apt.ok) {
    await runCommand(["apt-get", "update"], options);
    apt = await runCommand(["apt-get", "install", "-y", "--no-install-recommends", ...packages], options);
  }
  const complaint = /^E: .*$/m.exec(apt.stderr)?.[0] ?? apt.stderr.trim().split("\n").at(-1) ?? "";
  return apt.ok && existsSync(CHROMIUM)
    ? undefined
    : unavailable(`chromium could not be installed: ${complaint}`);
}

/** Undefined when the browser is there, also when it had to be installed first. */
export async function ensureChromium(): Promise<Unavailable | undefined> {
  if (existsSync(CHROMIUM)) {
    return undefined;
  }
  return await withFileLock(LOCK, INSTALL_WITHIN_MS, async () =>
    existsSync(CHROMIUM) ? undefined : await install(),
  );
}

export async function launchChromium(): Promise<LabBrowser | Unavailable> {
  const missing = await ensureChromium();
  if (missing !== undefined) {
    return missing;
  }
  try {
    const browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS });
    return { kind: "available", browser };
  } catch (error) {
    return unavailable(
      `chromium does not start: ${error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error)}`,
    );
  }
}
