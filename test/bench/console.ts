/** What the console costs whoever opens it: bytes of the first load, a month of charts, steps of the scrubber, a large fleet. */
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { PANELS } from "../../collector/console/chart/panels.ts";
import { CONSOLE_DIST, ensureConsole } from "../../scripts/ensure-console.ts";
import { systemClock } from "../../shared/clock.ts";
import type { Frame } from "../../shared/frame.ts";
import { parseSeriesKey } from "../../shared/series-key.ts";
import {
  agentName,
  createAuthority,
  issue,
  LOOPBACK,
  type TestAuthority,
} from "../collector/ingest/test-pki.ts";
import { launchChromium } from "../lab/chromium.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { waitFor } from "../lab/wait-for.ts";
import { startBenchCollector, type BenchCollector } from "./bench-collector.ts";
import {
  median,
  quantile,
  result,
  type Benchmark,
  type BenchmarkOptions,
  type BenchmarkResult,
} from "./benchmark.ts";
import { createFleetLoad, type FleetAgent } from "./fleet-load.ts";
import { makeHistory } from "./made-history.ts";
import { createTemplates, readRealFrames, RECORDED_NODES } from "./real-frames.ts";

const DAYS = 30;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const STEPS = 40;
const CLUSTERS = 1000;
const AT_ONCE = 50;
const ROUNDS = 5;
const WITHIN_MS = 60_000;
/** Charts that the goal is of; the page draws some more. */
const CHARTS = 8;

const ms = (value: number): { readonly value: number; readonly unit: string } => ({ value, unit: "ms" });

async function run(
  log: (line: string) => void,
  options: BenchmarkOptions,
): Promise<readonly BenchmarkResult[]> {
  const rounds = options.rounds ?? ROUNDS;
  await ensureConsole();
  const chromium = await launchChromium();
  if (chromium.kind === "unavailable") {
    throw new Error(`Expected a browser: ${chromium.because}`);
  }
  const dir = await createRunFolder();
  try {
    const pkiDir = join(dir, "pki");
    mkdirSync(pkiDir, { recursive: true });
    const authority = await createAuthority(pkiDir);
    await issue(authority, { name: "collector", names: LOOPBACK });
    return [
      ...(await measurePast(dir, { browser: chromium.browser, log, rounds })),
      ...(await measureFleet(dir, authority, { browser: chromium.browser, log, rounds })),
    ];
  } finally {
    await chromium.browser.close();
    await removeFolderWithMounts(dir);
  }
}

interface Tools {
  readonly browser: Browser;
  readonly log: (line: string) => void;
  readonly rounds: number;
}

/** One cluster with a month behind it. */
async function measurePast(
  dir: string,
  { browser, log, rounds }: Tools,
): Promise<readonly BenchmarkResult[]> {
  const path = join(dir, "month.db");
  const nowMs = systemClock.nowMs();
  for (const node of RECORDED_NODES) {
    log(`${DAYS} days of ${node}, once a minute, the last hour once a second`);
    const real = readRealFrames(node);
    const count = DAYS * 1440 - 60;
    const isDense = true;
    makeHistory({
      path,
      real: ofPanels(real),
      count,
      stepMs: MINUTE_MS,
      nowMs: nowMs - HOUR_MS,
      isDense,
      node,
    });
    makeHistory({ path, real, count: 3600, stepMs: 1000, nowMs, isDense: false, node });
  }
  const collector = await startBenchCollector(join(dir, "past"), join(dir, "pki"), path, "60d");
  try {
    const charts: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      charts.push(await drawCharts(browser, collector));
    }
    log(`charts: ${charts.map(Math.round).join(", ")} ms`);
    const steps = await scrub(browser, collector);
    return [
      ...(await measureFirstLoad(browser, collector)),
      result(
        `${DAYS} days × ${CHARTS} charts × 3 members, all data there → drawn, median of ${rounds}`,
        ms(median(charts)),
        {
          atMost: 300,
        },
      ),
      result(`a step of the scrubber on one hour, p95 of ${STEPS}`, ms(quantile(steps, 0.95)), {
        atMost: 150,
      }),
      result("a step of the scrubber on one hour, median", ms(median(steps))),
    ];
  } finally {
    await collector.kill();
  }
}

/** What the trends page asks for, and nothing else: a month of everything would take an hour to make. */
function ofPanels(frames: readonly Frame[]): readonly Frame[] {
  const wanted = new Set(
    PANELS.flatMap(({ metric, beside, limit, growth }) => [metric, beside, limit, growth?.metric]),
  );
  return frames.map((frame) => ({
    ...frame,
    samples: frame.samples.filter(({ key }) => wanted.has(parseSeriesKey(key).metric)),
  }));
}

async function open(
  browser: Browser,
  { httpPort }: BenchCollector,
  hash: string,
  script = "",
): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, locale: "en-US" });
  await page.addInitScript({ content: script });
  await page.goto(`http://127.0.0.1:${httpPort}/${hash}`);
  return page;
}

/** Holds back the answers of the first charts until the last of them is there, then lets go of all; strokes tell when it draws. */
const HOLD_ANSWERS = `
  const wanted = new Set(${JSON.stringify(PANELS.slice(0, CHARTS).map(({ metric }) => metric))});
  const waiting = [];
  const ask = window.fetch.bind(window);
  window.fetch = async (path, init) => {
    const answer = await ask(path, init);
    const metric = /\\/series\\/([^?]+)\\?/.exec(String(path))?.[1];
    if (!wanted.has(metric) || !answer.ok) {
      return answer;
    }
    const body = await answer.arrayBuffer();
    await new Promise((go) => {
      waiting.push(go);
      if (waiting.length === wanted.size) {
        window.letGoMs = performance.now();
        waiting.forEach((one) => one());
      }
    });
    return new Response(body, { status: answer.status, headers: answer.headers });
  };
  const stroke = CanvasRenderingContext2D.prototype.stroke;
  CanvasRenderingContext2D.prototype.stroke = function (...args) {
    window.strokeMs = performance.now();
    return stroke.apply(this, args);
  };
`;

async function drawCharts(browser: Browser, collector: BenchCollector): Promise<number> {
  // A fixed span: nothing moves on while it is measured.
  const toMs = Math.floor(systemClock.nowMs() / MINUTE_MS) * MINUTE_MS;
  const span = `from=${toMs - DAYS * 24 * HOUR_MS}&to=${toMs}`;
  const page = await open(browser, collector, `#/clusters/bench/trends?${span}`, HOLD_ANSWERS);
  try {
    let before = -1;
    await waitFor(
      "every chart is drawn, and nothing is drawn any more",
      async () => {
        const strokeMs = await page.evaluate<number>(
          `document.querySelectorAll(".uplot canvas").length >= ${CHARTS} && window.letGoMs ? window.strokeMs : 0`,
        );
        const isQuiet = strokeMs > 0 && strokeMs === before;
        before = strokeMs;
        return isQuiet;
      },
      { timeoutMs: WITHIN_MS, intervalMs: 1_000 },
    );
    return await page.evaluate<number>("window.strokeMs - window.letGoMs");
  } finally {
    await page.context().close();
  }
}

/** From a key to the frame in which the page shows the state of that moment. */
const STEP = `new Promise((done) => {
  const beginMs = performance.now();
  const before = location.hash;
  const key = { key: "ArrowLeft", shiftKey: true, bubbles: true, cancelable: true };
  document.querySelector("[role=slider]").dispatchEvent(new KeyboardEvent("keydown", key));
  function look() {
    if (location.hash === before) {
      requestAnimationFrame(look);
    } else {
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - beginMs)));
    }
  }
  requestAnimationFrame(look);
})`;

async function scrub(browser: Browser, collector: BenchCollector): Promise<readonly number[]> {
  const page = await open(browser, collector, "#/clusters/bench?span=1h");
  try {
    await page.locator("[data-testid=verdict]").waitFor({ timeout: WITHIN_MS });
    const steps: number[] = [];
    for (let step = 0; step < STEPS; step += 1) {
      steps.push(await page.evaluate<number>(STEP));
    }
    return steps;
  } finally {
    await page.context().close();
  }
}

async function measureFirstLoad(
  browser: Browser,
  collector: BenchCollector,
): Promise<readonly BenchmarkResult[]> {
  const page = await open(browser, collector, "#/clusters/bench");
  try {
    await page.locator("[data-testid=verdict]").waitFor({ timeout: WITHIN_MS });
    const paths = await page.evaluate<readonly string[]>(
      `performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname.slice(1))`,
    );
    const files = new Set(["index.html", ...paths.filter((path) => !path.startsWith("api/"))]);
    const bytes = [...files].map((file) => compressedBytes(file)).reduce((sum, size) => sum + size, 0);
    return [result("first load, gzip, font included", { value: bytes / 1000, unit: "kB" }, { atMost: 200 })];
  } finally {
    await page.context().close();
  }
}

function compressedBytes(file: string): number {
  const path = join(CONSOLE_DIST, file);
  const zipped = statSync(`${path}.gz`, { throwIfNoEntry: false });
  return (zipped ?? statSync(path)).size;
}

/** A thousand clusters that report every second, on the same machine as collector and browser. */
async function measureFleet(
  dir: string,
  authority: TestAuthority,
  { browser, log, rounds }: Tools,
): Promise<readonly BenchmarkResult[]> {
  const templates = createTemplates(readRealFrames("m1").slice(0, 120));
  const agents: FleetAgent[] = [];
  for (let index = 0; index < CLUSTERS; index += 1) {
    const cluster = `bench-${index}`;
    const tls = await issue(authority, { name: `${cluster}-m1`, names: agentName(cluster, "m1") });
    agents.push({ cluster, node: "m1", tls, templates });
  }
  const collector = await startBenchCollector(join(dir, "fleet"), join(dir, "pki"));
  const load = createFleetLoad(agents, collector.grpcPort);
  try {
    await load.connectAll(AT_ONCE);
    await waitFor(
      "every cluster is listed",
      async () => {
        const answer = await fetch(`http://127.0.0.1:${collector.httpPort}/api/v1/clusters?limit=1000`);
        const { clusters } = (await answer.json()) as { readonly clusters: readonly unknown[] };
        return clusters.length === CLUSTERS;
      },
      { timeoutMs: WITHIN_MS },
    );
    log(`${CLUSTERS} clusters are listed`);
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const page = await open(browser, collector, "#/");
      times.push(await page.evaluate<number>(ALL_ROWS));
      await page.context().close();
    }
    return [
      result(`fleet page of ${CLUSTERS} clusters, opened → shown, median of ${rounds}`, ms(median(times)), {
        atMost: 1000,
      }),
    ];
  } finally {
    load.close();
    await collector.kill();
  }
}

/** Since the address was opened, until the frame after the last row. */
const ALL_ROWS = `new Promise((done) => {
  function look() {
    if (document.querySelectorAll(".fleet-row:not(.fleet-row-head)").length < ${CLUSTERS}) {
      requestAnimationFrame(look);
    } else {
      requestAnimationFrame(() => setTimeout(() => done(performance.now())));
    }
  }
  look();
})`;

export const console: Benchmark = {
  name: "console",
  method:
    `Debian's chromium, headless, 1280 × 900, a new browser context each time, before a collector as a process. Charts: ${DAYS} days of three agents once a minute; ` +
    `the answers of the first ${CHARTS} charts are held back in the page until the last is there, and the last stroke on a canvas ends the time (parsing included, asking not). ` +
    `Scrubber: ten seconds a step backwards through a recorded hour, from the key until the frame in which the page shows that moment (asking included). ` +
    `First load: what the page of a cluster fetches besides the API, as compressed by the build. ` +
    `Fleet: ${CLUSTERS} clusters of one agent that all report each second, from opening the address until the frame after the last row; collector, agents and browser share the machine.`,
  run,
};
