/** The address of a runbook's page, for a member when one is named. */
import { route } from "./place.ts";
import { formatRoute } from "./route.ts";

export function linkToRunbook(cluster: string, code: string, member?: string): string {
  return formatRoute(["clusters", cluster, "runbooks", code], { member, at: route.value.query["at"] });
}
