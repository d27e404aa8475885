/**
 * What each probe costs, for `etcdscope agent --cost`: each is run alone, some times after a first run that opens its
 * connections, so that the CPU time of the process and its children between begin and end is this probe's and nobody else's. Between
 * two runs its clock is moved on by what the probe rests, so that each run looks anew.
 */
import type { Clock } from "../shared/clock.ts";
import { EtcdscopeError } from "../shared/errors.ts";
import type { Logger } from "../shared/log-line.ts";
import type { AgentConfig } from "./config.ts";
import { createDiscovery } from "./discovery/discovery.ts";
import type { ClosableEtcdDoor, EtcdDoorOptions } from "./etcd/create-etcd-door.ts";
import { summarizeCost, type CostRun, type ProbeCost } from "./summarize-cost.ts";
import type { HostDoor } from "./host/host-door.ts";
import { findChildrenCpuUs } from "./host/find-children-cpu.ts";
import { findOwnTransfer } from "./host/find-own-transfer.ts";
import { createDiscoveryProbe } from "./probe/discovery.ts";
import type { Probe, ProbeContext } from "./probe/probe.ts";
import { PROBE_FACTORIES } from "./probe/registry.ts";

export interface ProbeCostOptions {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly host: HostDoor;
  readonly createEtcdDoor: (options: EtcdDoorOptions) => ClosableEtcdDoor;
  /** Runs of each probe and target that count. */
  readonly rounds: number;
}

/** Takes what the probes take: some seconds. It reads as a running agent does, so etcd sees a second one for that time. */
export async function measureProbeCosts(options: ProbeCostOptions): Promise<readonly ProbeCost[]> {
  const { config, clock, log, host } = options;
  let movedUs = 0;
  const moved: Clock = {
    nowMs: () => clock.nowMs(),
    monotonicUs: () => clock.monotonicUs() + movedUs,
    after: (delayMs, call) => clock.after(delayMs, call),
  };
  const discovery = createDiscovery({ host, wanted: config.etcd, clock, log, onChange: () => undefined });
  discovery.refresh();
  const etcd = options.createEtcdDoor({ discovered: () => discovery.discovered(), config, clock, log });
  const context = (): Omit<ProbeContext, "signal" | "target"> => ({
    host,
    etcd,
    discovered: discovery.discovered(),
    discoveryNote: discovery.note(),
    clock: moved,
  });
  const probes = [
    createDiscoveryProbe(discovery),
    ...PROBE_FACTORIES.map((factory) => factory({ config, log })),
  ];
  try {
    // Who the other members are is known only after the first runs of those that come before in the list.
    for (const probe of probes) {
      await runTargets(probe, context);
    }
    const costs: ProbeCost[] = [];
    for (const probe of probes) {
      const intervalMs = probe.timing?.().intervalMs ?? config.intervals[`${probe.cadence}Ms`];
      const runRested = async (): Promise<readonly CostRun[]> => {
        const runs = await runTargets(probe, context);
        movedUs += Math.max(intervalMs, ...runs.map(({ restMs }) => restMs)) * 1000;
        return runs;
      };
      await runRested();
      const runs: CostRun[] = [];
      for (let round = 0; round < options.rounds; round += 1) {
        runs.push(...(await runRested()));
      }
      costs.push(summarizeCost({ probe: probe.name, intervalMs, runs }));
    }
    return costs;
  } finally {
    await etcd.close();
  }
}

async function runTargets(
  probe: Probe,
  context: () => Omit<ProbeContext, "signal" | "target">,
): Promise<readonly CostRun[]> {
  const runs: CostRun[] = [];
  for (const target of targetsOf(probe, context())) {
    const signal = AbortSignal.timeout(probe.timeLimitMs);
    const before = { childrenUs: findChildrenCpuUs(), transfer: findOwnTransfer(), cpu: process.cpuUsage() };
    const end = await endOf(probe, { ...context(), signal, target });
    const cpu = process.cpuUsage(before.cpu);
    const transfer = findOwnTransfer();
    const childrenUs = findChildrenCpuUs();
    // Looking at the counters is itself a read, of the same length each time.
    const ownRead = findOwnTransfer().readBytes - transfer.readBytes;
    runs.push({
      target,
      cpuUs: cpu.user + cpu.system + childrenUs - before.childrenUs,
      readBytes: Math.max(0, transfer.readBytes - before.transfer.readBytes - ownRead),
      writtenBytes: transfer.writtenBytes - before.transfer.writtenBytes,
      ...end,
    });
  }
  return runs;
}

/** A probe that cannot say what it would look at has no run here; the agent reports that as the failure it is. */
function targetsOf(probe: Probe, context: Omit<ProbeContext, "signal" | "target">): readonly string[] {
  return probe.targets === undefined ? [""] : probe.targets(context);
}

async function endOf(
  probe: Probe,
  context: ProbeContext,
): Promise<{ readonly problem: string; readonly restMs: number }> {
  const limit = Promise.withResolvers<never>();
  const onAbort = (): void =>
    limit.reject(
      new EtcdscopeError("TIMED_OUT", "It did not end within its time limit", { reason: "timeout" }),
    );
  context.signal.addEventListener("abort", onAbort, { once: true });
  try {
    const observation = await Promise.race([probe.run(context), limit.promise]);
    return { problem: "", restMs: observation.restMs ?? 0 };
  } catch (caught) {
    const error = EtcdscopeError.from(caught);
    return { problem: error.reason ?? error.code.toLowerCase(), restMs: 0 };
  } finally {
    context.signal.removeEventListener("abort", onAbort);
  }
}
