/**
 * `npm run screenshots`: every page of the console, both languages and schemes, wide and narrow, from a real cluster with a real
 * fault, into .cache/screenshots. With `--readme`, instead, the four pictures of README.md are taken anew, into docs/images.
 */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { BrowserContextOptions } from "playwright-core";
import type { IncidentSummary } from "../shared/rest-incident.ts";
import { CLUSTER, startConsoleLab, type ConsoleLab } from "../test/e2e/console-lab.ts";
import { listPages, openPage } from "../test/e2e/console-pages.ts";
import { findActive } from "../test/lab/stack.ts";
import { waitFor } from "../test/lab/wait-for.ts";

const root = join(import.meta.dirname, "..");
const FOLDER = join(root, ".cache/screenshots");
const IMAGES = join(root, "docs/images");

interface Look {
  readonly name: string;
  readonly options: BrowserContextOptions;
}

interface LookChoice {
  readonly language: "en" | "zh";
  readonly scheme: "light" | "dark";
  readonly viewport: { readonly width: number; readonly height: number };
}

function lookOf({ language, scheme, viewport }: LookChoice): BrowserContextOptions {
  return { locale: language === "zh" ? "zh-CN" : "en-US", colorScheme: scheme, viewport };
}

const LOOKS: readonly Look[] = (["en", "zh"] as const).flatMap((language) =>
  (["light", "dark"] as const).flatMap((scheme) =>
    ([1280, 390] as const).map((width) => ({
      name: `${language}-${scheme}-${width}`,
      options: lookOf({ language, scheme, viewport: { width, height: width === 390 ? 844 : 900 } }),
    })),
  ),
);

interface ReadmeImage {
  readonly page: string;
  readonly language: "en" | "zh";
  readonly scheme: "light" | "dark";
}

/** By name in docs/images: what README shows. */
const README_IMAGES: Readonly<Record<string, ReadmeImage>> = {
  "console-cluster.png": { page: "overview", language: "en", scheme: "light" },
  "console-incident.png": { page: "incident", language: "en", scheme: "dark" },
  "console-trends.png": { page: "trends", language: "en", scheme: "light" },
  "console-connectivity-zh.png": { page: "connectivity", language: "zh", scheme: "dark" },
};
/** A reader who only passes by fetches all four. */
const README_MAX_BYTES = 120_000;
const README_SIZE = { width: 1000, height: 680 };

/** An incident that lasts longer than this is no restart; and the trends have something to show. */
const LASTS_WITHIN_MS = 240_000;

interface Shot {
  readonly name: string;
  readonly hash: string;
}

async function takeReadmeImages(lab: ConsoleLab, pages: Readonly<Record<string, string>>): Promise<void> {
  mkdirSync(IMAGES, { recursive: true });
  for (const [image, { page: name, language, scheme }] of Object.entries(README_IMAGES)) {
    const look = lookOf({ language, scheme, viewport: README_SIZE });
    const page = await lab.open("#/", look);
    await openPage(page, pages[name] ?? "#/");
    const { length } = await page.screenshot({ path: join(IMAGES, image) });
    await page.context().close();
    console.log(`etcdscope: ${image}, ${Math.round(length / 1000)} kB`);
    if (length > README_MAX_BYTES) {
      throw new Error(`Expected ${image} to have at most ${README_MAX_BYTES} bytes, got ${length}`);
    }
  }
}

async function takeShots(lab: ConsoleLab, shots: readonly Shot[]): Promise<void> {
  for (const look of LOOKS) {
    const page = await lab.open("#/", look.options);
    for (const { name, hash } of shots) {
      await openPage(page, hash);
      await page.screenshot({ path: join(FOLDER, `${name}-${look.name}.png`) });
    }
    await page.context().close();
    console.log(`etcdscope: ${shots.length} pages, ${look.name}`);
  }
}

/** A follower dies, so that each page has something to show. */
async function breakCluster(lab: ConsoleLab): Promise<string> {
  const [victim] = await lab.etcd.followers();
  if (victim === undefined) {
    throw new Error("No follower is running");
  }
  await victim.kill("SIGKILL");
  await lab.stack.waitFor(
    "the member is found to be down",
    (state) => findActive(state, "MEMBER_DOWN", victim.name) !== undefined && state.openIncident !== null,
    { timeoutMs: 30_000 },
  );
  return victim.name;
}

/** By then it is told as a fault, and the trends around it have been recorded. */
async function waitForFault(lab: ConsoleLab): Promise<string> {
  let incident: IncidentSummary | undefined;
  await waitFor(
    "the incident is told as a fault",
    async () => {
      const { incidents } = await lab.stack.api<{ readonly incidents: readonly IncidentSummary[] }>(
        `/clusters/${CLUSTER}/incidents`,
      );
      incident = incidents[0];
      return incident?.kind === "fault";
    },
    { timeoutMs: LASTS_WITHIN_MS, intervalMs: 1_000 },
  );
  return incident?.id ?? "";
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { readme: { type: "boolean", default: false } } });
  // Paths are in the pictures: they tell nothing of this checkout.
  const lab = await startConsoleLab({ dir: mkdtempSync(join(tmpdir(), "prod-a-")) });
  if (lab.kind === "unavailable") {
    console.error(`etcdscope: no screenshots: ${lab.because}`);
    return 1;
  }
  try {
    const member = await breakCluster(lab);
    const incident = await waitForFault(lab);
    const pages = listPages({ cluster: CLUSTER, incident, member });
    if (values.readme) {
      await takeReadmeImages(lab, pages);
      return 0;
    }
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    await takeShots(
      lab,
      Object.entries(pages).map(([name, hash]) => ({ name, hash })),
    );
  } finally {
    await lab.stop();
  }
  console.log(`etcdscope: the pictures are in ${FOLDER}`);
  return 0;
}

process.exitCode = await main();
