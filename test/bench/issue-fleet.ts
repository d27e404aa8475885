/** Certificates of a collector and of many agents, in clusters of three as they were recorded. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  agentName,
  createAuthority,
  issue,
  LOOPBACK,
  type TestAuthority,
} from "../collector/ingest/test-pki.ts";
import type { LoadAgent } from "./agent-load.ts";
import { RECORDED_NODES, type RecordedNode } from "./real-frames.ts";

export interface IssuedAgent extends LoadAgent {
  readonly node: RecordedNode;
}

export interface IssuedFleet {
  readonly pkiDir: string;
  readonly authority: TestAuthority;
  readonly agents: readonly IssuedAgent[];
}

export async function issueFleet(dir: string, count: number): Promise<IssuedFleet> {
  const pkiDir = join(dir, "pki");
  mkdirSync(pkiDir, { recursive: true });
  const authority = await createAuthority(pkiDir);
  await issue(authority, { name: "collector", names: LOOPBACK });
  const agents: IssuedAgent[] = [];
  for (let i = 0; i < count; i += 1) {
    const cluster = `bench-${Math.floor(i / RECORDED_NODES.length)}`;
    const node = RECORDED_NODES[i % RECORDED_NODES.length] ?? "m1";
    const tls = await issue(authority, { name: `${cluster}-${node}`, names: agentName(cluster, node) });
    agents.push({ cluster, node, tls });
  }
  return { pkiDir, authority, agents };
}
