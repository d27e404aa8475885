/** What the console is tried on: a real cluster, watched as deployed, and a real browser that looks at it. */

import { join } from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import { ensureConsole } from "../../scripts/ensure-console.ts";
import type { Unavailable } from "../lab/availability.ts";
import { launchChromium } from "../lab/chromium.ts";
import { createDisk, type Disk } from "../lab/disk.ts";
import { ensureEtcd } from "../lab/etcd-binaries.ts";
import { createEtcdCluster, type EtcdCluster } from "../lab/etcd-cluster.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { createStack, type Stack } from "../lab/stack.ts";
import { startWrites } from "../lab/write-load.ts";

export interface ConsoleLab {
  readonly kind: "available";
  readonly etcd: EtcdCluster;
  readonly stack: Stack;
  /** Of m3; undefined where this machine has no loop devices. */
  readonly disk: Disk | undefined;
  /** What was wrong on any page: errors of scripts and of the content policy, requests that leave the collector. */
  readonly complaints: readonly string[];
  open(hash: string, options?: BrowserContextOptions): Promise<Page>;
  waitQuiet(): Promise<void>;
  stop(): Promise<void>;
}

export const CLUSTER = "prod-a";
const MEMBERS = ["m1", "m2", "m3"] as const;
const DISK_MEMBER = "m3";
const DISK_BYTES = 1024 * 1024 * 1024;
const QUIET_WITHIN_MS = 90_000;
/** Slow probes more often than in production, so that certificates are there soon. */
const INTERVALS = { fast: "1s", normal: "5s", slow: "10s" };

async function createEtcd(dir: string, disk: Disk | undefined): Promise<EtcdCluster | Unavailable> {
  const newest = await ensureEtcd("3.5");
  const binaries = newest.kind === "available" ? newest : await ensureEtcd("3.4");
  if (binaries.kind === "unavailable") {
    return binaries;
  }
  return await createEtcdCluster({
    binaries,
    dir: join(dir, "etcd"),
    members: MEMBERS.map((name) =>
      disk !== undefined && name === DISK_MEMBER
        ? { name, dataDir: join(disk.mountPoint, "etcd") }
        : { name },
    ),
  });
}

export interface ConsoleLabOptions {
  readonly withDisk?: boolean;
  /** Where everything lies, and is removed from at the end; a run folder of the checkout when left out. */
  readonly dir?: string;
}

/** Starts everything, with somebody who writes a little, and waits until nothing is found. */
export async function startConsoleLab({ withDisk = false, dir: given }: ConsoleLabOptions = {}): Promise<
  ConsoleLab | Unavailable
> {
  await ensureConsole();
  const chromium = await launchChromium();
  if (chromium.kind === "unavailable") {
    return chromium;
  }
  const { browser } = chromium;
  const dir = given ?? (await createRunFolder());
  const made = withDisk
    ? await createDisk({ dir: join(dir, "disk"), name: DISK_MEMBER, sizeBytes: DISK_BYTES })
    : undefined;
  const disk = made?.kind === "available" ? made : undefined;
  const etcd = await createEtcd(dir, disk);
  if ("kind" in etcd) {
    await browser.close();
    await removeFolderWithMounts(dir);
    return etcd;
  }
  const stack = await createStack({
    dir: join(dir, "stack"),
    cluster: CLUSTER,
    etcd,
    agentConfig: { intervals: INTERVALS },
  });
  const complaints: string[] = [];
  let writes: ReturnType<typeof startWrites> | undefined;

  const lab: ConsoleLab = {
    kind: "available",
    etcd,
    stack,
    disk,
    complaints,
    open: async (hash, options = {}) => {
      const page = await browser.newPage({
        viewport: { width: 1280, height: 900 },
        locale: "en-US",
        colorScheme: "light",
        ...options,
      });
      const origin = `http://127.0.0.1:${stack.place.httpPort}`;
      page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
      page.on("console", (message) => {
        if (message.type() === "error" && /Content Security Policy|TrustedHTML/.test(message.text())) {
          complaints.push(`${page.url()}: ${message.text()}`);
        }
      });
      page.on("request", (request) => {
        if (!request.url().startsWith(`${origin}/`)) {
          complaints.push(`${page.url()} asks elsewhere: ${request.url()}`);
        }
      });
      await page.goto(`${origin}/${hash}`);
      return page;
    },
    waitQuiet: async () => {
      await stack.waitFor(
        "the verdict is healthy and nothing is found",
        (state) => state.verdict === "healthy" && state.findings.every(({ severity }) => severity === "info"),
        { timeoutMs: QUIET_WITHIN_MS },
      );
    },
    stop: async () => {
      await writes?.stop();
      await browser.close();
      await stack.stopAll();
      await etcd.stopAll();
      await removeFolderWithMounts(dir);
    },
  };
  try {
    await etcd.start();
    await etcd.waitHealthy();
    await stack.start();
    writes = startWrites(etcd);
    await lab.waitQuiet();
    return lab;
  } catch (error) {
    await lab.stop();
    throw error;
  }
}
