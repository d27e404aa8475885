/**
 * The etcd that the agent watches: the process that discovery finds, and while there is none, what would be started here. So a
 * dead etcd's disk, certificates and ports are looked at also by an agent that has never seen it run.
 */
import { EtcdscopeError } from "../../shared/errors.ts";
import type { DiscoveredEtcd } from "./discovered-etcd.ts";
import { createDiscovery } from "./discovery.ts";
import type { Discovery, DiscoveryOptions } from "./discovery.ts";
import { findConfiguredEtcd } from "./find-configured-etcd.ts";

export interface WatchedEtcdOptions extends DiscoveryOptions {
  /** What would be started is read again this often while nothing runs. */
  readonly everyMs: number;
}

export interface WatchedEtcd extends Discovery {
  /** Where what is known of an etcd that does not run comes from; empty when one runs, has run, or nothing is known. */
  source(): string;
  /** What refresh() has begun to read is read. */
  settled(): Promise<void>;
}

const READ_LIMIT_MS = 2000;
/** A machine that is too busy to read a file in that time is asked again after so long. */
const AGAIN_MS = 5000;

export function createWatchedEtcd(options: WatchedEtcdOptions): WatchedEtcd {
  const { host, wanted, clock, log, onChange, everyMs } = options;
  const discovery = createDiscovery(options);
  let configured: DiscoveredEtcd | undefined;
  let source = "";
  let readAtUs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  /** Nothing runs and nothing has: what a file says of an etcd is not held against one that is only not known yet. */
  function mayFallBack(): boolean {
    return discovery.discovered() === undefined && !discovery.isUndecided();
  }

  function refresh(): void {
    discovery.refresh();
    const nowUs = clock.monotonicUs();
    if (mayFallBack() && reading === undefined && nowUs - readAtUs >= everyMs * 1000) {
      readAtUs = nowUs;
      reading = read().finally(() => {
        reading = undefined;
      });
    }
  }

  async function read(): Promise<void> {
    const before = configured;
    try {
      const found = await findConfiguredEtcd(host, wanted, AbortSignal.timeout(READ_LIMIT_MS));
      // Without its configuration file neither directory nor certificate is known: the start probe tells of that.
      configured = found?.problem === "" ? found.etcd : undefined;
      source = found?.source ?? "";
    } catch (caught) {
      readAtUs = clock.monotonicUs() - (everyMs - Math.min(AGAIN_MS, everyMs)) * 1000;
      log.debug({ error: EtcdscopeError.from(caught) }, "What would start etcd here could not be read.");
    }
    if (describe(configured) !== describe(before) && mayFallBack()) {
      onChange();
    }
  }

  return {
    refresh,
    discovered: () => discovery.discovered() ?? (mayFallBack() ? configured : undefined),
    isUndecided: () => discovery.isUndecided(),
    note: () => discovery.note(),
    source: () => (mayFallBack() ? source : ""),
    settled: async () => await reading,
  };
}

function describe(etcd: DiscoveredEtcd | undefined): string {
  return etcd === undefined
    ? ""
    : JSON.stringify([etcd.configuredBy, etcd.flags.all, etcd.user, etcd.hostPaths]);
}
