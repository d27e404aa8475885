/**
 * The console in a real browser, served by a real collector that watches a real etcd of three members; beside them a cluster
 * that exists only as frames, with hostile texts wherever a node may choose one. One story after the other, on the same
 * cluster. Skipped by name where there is no browser, or no etcd.
 */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatTimestamp } from "../../shared/parse-timestamp.ts";
import type { ClusterState } from "../../shared/rest.ts";
import { systemClock } from "../../shared/clock.ts";
import { findActive } from "../lab/stack.ts";
import { CLUSTER, startConsoleLab, type ConsoleLab } from "./console-lab.ts";
import { listPages, openPage } from "./console-pages.ts";
import { findAxeFlaws, findOverflow } from "./find-flaws.ts";
import { ATTACK, startHostileCluster, type HostileCluster } from "./hostile-cluster.ts";

const STARTS_WITHIN_MS = 180_000;
/** What the page must show after the collector tells it. */
const SHOWN = { timeout: 3_000 };
/** What the collector itself needs, on a busy machine. */
const TOLD = { timeoutMs: 60_000 };
const OVERVIEW = `#/clusters/${CLUSTER}`;

/** A moment at which one led, as seen from outside. */
interface Reign {
  readonly leader: string;
  readonly atMs: number;
}

describe("test/e2e/console", () => {
  let lab: ConsoleLab | undefined;
  let hostile: HostileCluster | undefined;
  let because = "";
  /** Of the story in which the leader dies: before its end, and after the election. */
  const reigns: Reign[] = [];

  beforeAll(async () => {
    const started = await startConsoleLab();
    if (started.kind === "unavailable") {
      because = started.because;
      return;
    }
    lab = started;
    hostile = await startHostileCluster(started.stack);
  }, STARTS_WITHIN_MS);

  afterAll(async () => {
    hostile?.stop();
    await lab?.stop();
  }, STARTS_WITHIN_MS);

  function story(name: string, tell: (on: ConsoleLab, hostile: HostileCluster) => Promise<void>): void {
    it(name, async (context) => {
      if (lab === undefined || hostile === undefined) {
        context.skip(because);
        return;
      }
      await tell(lab, hostile);
    });
  }

  story("shows that the leader dies and comes back, without being loaded again", async (on) => {
    const overview = await on.open(OVERVIEW);
    const incidents = await on.open(`${OVERVIEW}/incidents`);
    await shows(overview, `[data-testid=verdict]:text-is("Healthy")`);
    await shows(incidents, `main .card`);
    await Promise.all([overview, incidents].map(markAsLoaded));
    const old = await on.etcd.leader();
    if (old === undefined) {
      throw new Error("Expected the healthy cluster to have a leader");
    }
    // What the agents see a moment before something breaks may reach the collector after it.
    reigns.push({ leader: old.name, atMs: systemClock.nowMs() - 3_000 });
    await old.kill("SIGKILL");
    const { state } = await on.stack.waitFor(
      "the member is down, another leads, an incident is open",
      (now) =>
        findActive(now, "MEMBER_DOWN", old.name) !== undefined &&
        now.verdict === "at-risk" &&
        now.leader !== null &&
        now.leader.member !== old.name &&
        now.openIncident !== null,
      TOLD,
    );
    const leader = state.leader?.member ?? "";
    await Promise.all([
      shows(overview, `[data-testid=verdict]:text-is("At risk")`),
      shows(overview, `.member-disc.is-down:has(.disc-name:text-is("${old.name}"))`),
      shows(overview, `.member-disc.is-leader:has(.disc-name:text-is("${leader}"))`),
      shows(overview, `[data-testid=leader]:text-is("leader ${leader}")`),
      shows(overview, `.finding-tree [data-code=MEMBER_DOWN] > details.active`),
      shows(incidents, `tbody a[href*="/incidents/"]`),
    ]);
    await incidents.locator(`tbody a[href*="/incidents/"]`).first().click();
    await shows(incidents, `[data-testid=incident-status]:text-is("open")`);
    await shows(incidents, `[data-code=MEMBER_DOWN] > details.active`);
    reigns.push({ leader, atMs: systemClock.nowMs() });

    await old.start();
    await on.stack.waitFor("the member is back", isWell, TOLD);
    await Promise.all([
      shows(overview, `[data-testid=verdict]:text-is("Healthy")`),
      shows(overview, `.member-disc.is-serving:has(.disc-name:text-is("${old.name}"))`),
      shows(incidents, `[data-code=MEMBER_DOWN] > details.resolved`),
    ]);
    expect(await overview.locator(`[data-code=MEMBER_DOWN] > details.active`).count()).toBe(0);
    expect(await Promise.all([overview, incidents].map(isStillLoaded))).toEqual([true, true]);
    await Promise.all([overview, incidents].map(close));
  });

  story("shows who led before and after an election, at the moment to which the bar is moved", async (on) => {
    const [before, after] = reigns;
    if (before === undefined || after === undefined) {
      throw new Error("Expected the story of the leader's death to have been told");
    }
    const page = await on.open(`${OVERVIEW}?span=5m&at=${formatTimestamp(before.atMs)}`);
    await shows(page, `[data-testid=leader]:text-is("leader ${before.leader}")`, TOLD.timeoutMs);
    await shows(page, `.live-sign.is-past`);
    await openPage(page, `${OVERVIEW}?span=5m&at=${formatTimestamp(after.atMs)}`);
    await shows(page, `[data-testid=leader]:text-is("leader ${after.leader}")`, TOLD.timeoutMs);
    await shows(page, `.time-mark.is-leader`);

    await page.getByRole("button", { name: "Back to live" }).click();
    await shows(page, `.live-sign.is-live`);
    await dragTimeTo(page, before.atMs);
    await shows(page, `[data-testid=leader]:text-is("leader ${before.leader}")`, TOLD.timeoutMs);
    await page.getByRole("slider").press("End");
    await shows(page, `.live-sign.is-live`);
    await close(page);
  });

  story("speaks the other language and wears the other scheme, and remembers both", async (on) => {
    const page = await on.open(OVERVIEW);
    await shows(page, `[data-testid=verdict]:text-is("Healthy")`);
    const light = await readBackground(page);
    await page.getByRole("button", { name: "中文" }).click();
    await shows(page, `html[lang=zh-CN] [data-testid=verdict]:text-is("健康")`);
    await page.getByRole("button", { name: "浅色或深色" }).click();
    await shows(page, `html[data-scheme=dark]`);
    expect(await readBackground(page)).not.toBe(light);
    await page.reload();
    await shows(page, `html[lang=zh-CN][data-scheme=dark] [data-testid=verdict]:text-is("健康")`);
    await page.getByRole("button", { name: "English" }).click();
    await shows(page, `[data-testid=verdict]:text-is("Healthy")`);
    await close(page);
  });

  story("says why there is nothing to show", async (on) => {
    const page = await on.open("#/nowhere");
    await shows(page, `.notice:has-text("There is no such page")`);
    await openPage(page, "#/clusters/nope");
    await shows(page, `.notice:has-text("Nothing is recorded here"):has-text("nope")`);
    await openPage(page, `${OVERVIEW}?at=2001-01-01T00:00:00.000Z`);
    await shows(page, `.notice:has-text("Nothing is recorded here"):has-text("2001-01-01")`);
    await page.route("**/api/v1/clusters/*/certificates*", async (route) => {
      await page.locator("main .loading").waitFor({ state: "visible", timeout: TOLD.timeoutMs });
      await route.abort();
    });
    await page.evaluate(`location.hash = ${JSON.stringify(`${OVERVIEW}/certificates`)}`);
    await shows(page, `.notice:has-text("The collector does not answer")`, TOLD.timeoutMs);
    await page.unroute("**/api/v1/clusters/*/certificates*");
    await shows(page, `table [data-label="Subject"]`, TOLD.timeoutMs);
    await close(page);
  });

  story("shows whatever a node calls itself as text", async (on, { cluster, incident, victim }) => {
    const pages = listPages({ cluster, incident, member: victim });
    const page = await on.open("#/");
    const silent: string[] = [];
    for (const [name, hash] of Object.entries(pages)) {
      await openPage(page, hash);
      await page.evaluate(`document.querySelectorAll("details").forEach((one) => { one.open = true; })`);
      expect(await page.evaluate(FIND_INJECTED), name).toEqual([]);
      const shown = await page.locator("main").innerText();
      if (!shown.includes(ATTACK)) {
        silent.push(name);
      }
    }
    expect(silent, "pages on which a node has no say").toEqual(["incidents"]);
    await close(page);
  });

  story(
    "has no serious flaw for axe, in either scheme, nor scrolls sideways on a narrow screen",
    async (on, made) => {
      const pages = {
        ...listPages({ cluster: made.cluster, incident: made.incident, member: made.victim }),
        trends: `${OVERVIEW}/trends?span=5m`,
      };
      const page = await on.open("#/", { bypassCSP: true });
      const flaws: string[] = [];
      function note(name: string, found: readonly string[]): void {
        flaws.push(...found.map((flaw) => `${name}: ${flaw}`));
      }
      for (const [name, hash] of Object.entries(pages)) {
        await openPage(page, hash);
        note(name, await findAxeFlaws(page));
        await page.emulateMedia({ colorScheme: "dark" });
        await shows(page, "html[data-scheme=dark]");
        // The same elements: only their colours are others.
        note(`${name}, dark`, await findAxeFlaws(page, "color-contrast"));
        await page.emulateMedia({ colorScheme: "light" });
        await page.setViewportSize({ width: 390, height: 844 });
        note(`${name}, 390 px`, await findOverflow(page));
        await page.setViewportSize({ width: 1280, height: 900 });
      }
      expect(flaws).toEqual([]);
      await close(page);
    },
  );

  story(
    "says that what it shows is old while the collector is away, and goes on when it is back",
    async (on) => {
      const page = await on.open(OVERVIEW);
      await shows(page, `[data-testid=verdict]:text-is("Healthy")`);
      await markAsLoaded(page);
      await on.stack.collector.kill("SIGTERM");
      await shows(page, `.banner[role=alert]:has-text("The collector has not answered for")`, TOLD.timeoutMs);
      await shows(page, `.live-sign.is-stale`);
      expect(await page.locator(`[data-testid=verdict]`).innerText()).toBe("Healthy");
      await on.stack.collector.start();
      await page.locator(`.banner[role=alert]`).waitFor({ state: "detached", timeout: TOLD.timeoutMs });
      await on.waitQuiet();
      await shows(page, `.live-sign.is-live`);
      await shows(page, `[data-testid=verdict]:text-is("Healthy")`);
      expect(await isStillLoaded(page)).toBe(true);
      await close(page);
    },
  );

  story("asked nobody but its collector, and never broke its content policy", async (on) => {
    expect(on.complaints).toEqual([]);
    await Promise.resolve();
  });
});

/** Elements that no page of the console has, and traces of a script that ran. */
const FIND_INJECTED = `[
  ...document.querySelectorAll("img, iframe, object, embed, script:not([src]), [onerror]"),
].map((element) => element.outerHTML).concat(window.hostile === undefined ? [] : ["a script ran"])`;

function isWell(state: ClusterState): boolean {
  return state.verdict === "healthy" && findActive(state, "MEMBER_DOWN") === undefined;
}

async function shows(page: Page, selector: string, timeout = SHOWN.timeout): Promise<void> {
  try {
    await page.locator(selector).first().waitFor({ state: "attached", timeout });
  } catch (error) {
    const shown = (await page.locator("body").innerText()).replaceAll(/\s+/g, " ").slice(0, 600);
    throw new Error(`Expected ${page.url()} to show ${selector}; it shows: ${shown}`, { cause: error });
  }
}

/** What a reload would forget. */
async function markAsLoaded(page: Page): Promise<void> {
  await page.evaluate("window.isStillLoaded = true");
}

async function isStillLoaded(page: Page): Promise<boolean> {
  return await page.evaluate<boolean>("window.isStillLoaded === true");
}

async function readBackground(page: Page): Promise<string> {
  return await page.evaluate<string>("getComputedStyle(document.documentElement).backgroundColor");
}

async function close(page: Page): Promise<void> {
  await page.context().close();
}

/** By the mouse, from the right end of the bar, whose ends are told in seconds. */
async function dragTimeTo(page: Page, atMs: number): Promise<void> {
  const slider = page.getByRole("slider");
  const box = await slider.boundingBox();
  if (box === null) {
    throw new Error("Expected the time bar to be there");
  }
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width - 2, y);
  await page.mouse.down();
  // Held, it stands still.
  const [fromS = 0, toS = 0] = await Promise.all(
    ["aria-valuemin", "aria-valuemax"].map(async (name) => Number(await slider.getAttribute(name))),
  );
  await page.mouse.move(box.x + box.width * ((atMs / 1_000 - fromS) / (toS - fromS)), y, { steps: 8 });
  await page.mouse.up();
}
