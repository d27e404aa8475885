/** What a collector shows of those that it refused. */
import { expect } from "vitest";
import type { ClusterState } from "../../shared/rest.ts";
import type { BadInputLab } from "./bad-input-lab.ts";

/** A metric of the collector itself; 0 where it has not been counted yet. */
export async function metric(on: BadInputLab, name: string): Promise<number> {
  const { body } = await on.stack.http("/metrics");
  const line = body.split("\n").find((one) => one.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

export async function stateOf(on: BadInputLab, cluster: string): Promise<ClusterState> {
  return await on.stack.api<ClusterState>(`/clusters/${cluster}`);
}

/** Nothing of a refused agent is state. */
export async function expectUnheard(on: BadInputLab, cluster: string, node: string): Promise<void> {
  const { clusters } = await on.stack.api<{ readonly clusters: readonly { readonly name: string }[] }>(
    "/clusters",
  );
  expect(clusters.map(({ name }) => name)).not.toContain(cluster === "lab" ? "" : cluster);
  const { members } = await stateOf(on, "lab");
  expect(members.map((member) => member.node)).not.toContain(node);
}
