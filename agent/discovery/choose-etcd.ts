/** Which of the etcds on this machine the agent watches: a pure choice, with the sentence that says what was seen. */
import type { DiscoveredEtcd } from "./discovered-etcd.ts";
import { pathOnHost } from "./path-on-host.ts";

/** What the configuration asks for. */
export interface EtcdWanted {
  readonly name: string | undefined;
  readonly dataDir: string | undefined;
}

export interface EtcdChoice {
  readonly chosen: DiscoveredEtcd | undefined;
  /** Empty when one was chosen. */
  readonly note: string;
  /** Several run that could be meant. */
  readonly isAmbiguous: boolean;
}

/**
 * `last` is the one watched until now: with nothing configured and several to choose from, one with its data directory
 * is the same member started again.
 */
export function chooseEtcd(
  found: readonly DiscoveredEtcd[],
  wanted: EtcdWanted,
  last: DiscoveredEtcd | undefined,
): EtcdChoice {
  if (found.length === 0) {
    return { chosen: undefined, note: "no etcd process", isAmbiguous: false };
  }
  const seen = describe(found);
  const { name, dataDir } = wanted;
  if (name !== undefined || dataDir !== undefined) {
    const fitting = found.filter(
      (etcd) =>
        (name === undefined || etcd.flags.name === name) &&
        (dataDir === undefined || hasDataDir(etcd, withoutTrailingSlash(dataDir))),
    );
    const asked = [
      ...(name === undefined ? [] : [`named ${name}`]),
      ...(dataDir === undefined ? [] : [`with data directory ${dataDir}`]),
    ].join(" ");
    return single(
      fitting,
      fitting.length === 0 ? `${seen}; none is ${asked}` : `${seen}; several are ${asked}`,
    );
  }
  if (found.length === 1) {
    return single(found, "");
  }
  const again = found.filter(({ flags }) => flags.dataDir === last?.flags.dataDir);
  const choice = single(again, `${seen}; set etcd.name or etcd.dataDir`);
  // One that has run and is gone is none of those that run.
  return { ...choice, isAmbiguous: choice.chosen === undefined && last === undefined };
}

function single(fitting: readonly DiscoveredEtcd[], note: string): EtcdChoice {
  return fitting.length === 1
    ? { chosen: fitting[0], note: "", isAmbiguous: false }
    : { chosen: undefined, note, isAmbiguous: fitting.length > 1 };
}

/** At most eight, with what tells two of one name apart: the sentence is read by people. */
function describe(found: readonly DiscoveredEtcd[]): string {
  const names = found
    .map((etcd) => `${etcd.flags.name} (pid ${etcd.pid ?? "?"}, ${pathOnHost(etcd, etcd.flags.dataDir)})`)
    .sort();
  const shown = names.length > 8 ? [...names.slice(0, 8), "…"] : names;
  return `${found.length} etcd process${found.length === 1 ? "" : "es"}: ${shown.join(", ")}`;
}

/** As etcd sees it, or as the host does. */
function hasDataDir(etcd: DiscoveredEtcd, dataDir: string): boolean {
  return etcd.flags.dataDir === dataDir || pathOnHost(etcd, etcd.flags.dataDir) === dataDir;
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}
