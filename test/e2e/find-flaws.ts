/** What is wrong with a page for those who cannot see it well, or have a narrow screen. */

import axe from "axe-core";
import type { Page } from "playwright-core";
import { waitFor } from "../lab/wait-for.ts";

/** What axe says of one rule, as far as it is told. */
interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[];
}

const GRAVE = new Set(["serious", "critical"]);

/** Of a page that was opened without its content policy: axe is no part of it. With `only`, by that rule alone. */
export async function findAxeFlaws(page: Page, only?: string): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const options = {
    resultTypes: ["violations"],
    ...(only === undefined ? {} : { runOnly: { type: "rule", values: [only] } }),
  };
  const violations = await page.evaluate<readonly Violation[]>(
    `axe.run(document, ${JSON.stringify(options)}).then(({ violations }) => violations)`,
  );
  return violations
    .filter(({ impact }) => GRAVE.has(impact ?? ""))
    .map(({ id, nodes }) => {
      const [first] = nodes;
      return `${id} (${nodes.length}) at ${first?.target.join(" ")}: ${first?.failureSummary ?? ""}`;
    });
}

/** A page that was another width a moment ago has charts that follow. */
const SETTLED_WITHIN_MS = 5_000;

/** Empty when the page does not scroll sideways; otherwise what sticks out. */
export async function findOverflow(page: Page): Promise<readonly string[]> {
  let found: readonly string[] = [];
  await waitFor("nothing sticks out", async () => (found = await lookForOverflow(page)).length === 0, {
    timeoutMs: SETTLED_WITHIN_MS,
  }).catch(() => undefined);
  return found;
}

async function lookForOverflow(page: Page): Promise<readonly string[]> {
  return await page.evaluate<readonly string[]>(`(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) {
      return [];
    }
    const scrolls = (element) =>
      element !== null && (getComputedStyle(element).overflowX !== "visible" || scrolls(element.parentElement));
    const wide = [...document.querySelectorAll("body *")].filter(
      (element) => element.getBoundingClientRect().right > width + 1 && !scrolls(element.parentElement),
    );
    return wide
      .slice(0, 5)
      .map((element) => element.tagName + "." + element.getAttribute("class") + " " + element.textContent.slice(0, 60))
      .concat("scrolls to " + document.documentElement.scrollWidth);
  })()`);
}
