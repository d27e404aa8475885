/** Every page of the console, by name and address. */

import type { Page } from "playwright-core";

/** The slowest answer is a moment of the past on a busy machine. */
const LOADED_WITHIN_MS = 30_000;

export interface PageNames {
  readonly cluster: string;
  readonly incident: string;
  /** Of the runbook. */
  readonly member: string;
}

export function listPages({ cluster, incident, member }: PageNames): Readonly<Record<string, string>> {
  const base = `#/clusters/${cluster}`;
  return {
    fleet: "#/",
    overview: base,
    trends: `${base}/trends?span=5m`,
    incidents: `${base}/incidents`,
    incident: `${base}/incidents/${incident}?span=5m`,
    checks: `${base}/checks`,
    connectivity: `${base}/connectivity`,
    certificates: `${base}/certificates`,
    config: `${base}/config`,
    backups: `${base}/backups`,
    runbooks: `${base}/runbooks`,
    runbook: `${base}/runbooks/MEMBER_DOWN?member=${encodeURIComponent(member)}`,
  };
}

/** Goes to an address in an open page, and waits until something is shown and nothing is on its way. */
export async function openPage(page: Page, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  await page.locator("main > *").first().waitFor({ timeout: LOADED_WITHIN_MS });
  try {
    await page
      .locator(".loading, .pending")
      .first()
      .waitFor({ state: "detached", timeout: LOADED_WITHIN_MS });
  } catch (error) {
    const waiting = await page.locator(":has(> .loading, > .pending)").allInnerTexts();
    throw new Error(`Waited in vain for ${hash}: ${waiting.join(" | ")}`, { cause: error });
  }
}
