/** `etcdscope agent --cost`: what each probe costs on this node, measured now. */
import type { AgentConfig } from "../agent/config.ts";
import { createEtcdDoor } from "../agent/etcd/create-etcd-door.ts";
import { createLinuxHost } from "../agent/host/linux-host.ts";
import { createLineLog } from "../agent/line-log.ts";
import { measureProbeCosts } from "../agent/probe-cost.ts";
import { systemClock } from "../shared/clock.ts";
import type { Terminal } from "./terminal.ts";
import { renderCost } from "./view/render-cost.ts";

/** Enough that one garbage collection does not decide, and done within some seconds. */
const ROUNDS = 10;

export async function runCost(config: AgentConfig, terminal: Terminal): Promise<number> {
  const log = createLineLog({ name: "etcdscope-agent", level: "error", clock: systemClock });
  const host = createLinuxHost({ clock: systemClock });
  const costs = await measureProbeCosts({
    config,
    clock: systemClock,
    log,
    host,
    createEtcdDoor,
    rounds: ROUNDS,
  });
  terminal.write(renderCost(costs, terminal));
  return 0;
}
