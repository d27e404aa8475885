/** Room and inodes on the file systems of etcd's data and WAL directories, and what they are mounted from. */
import { create } from "@bufbuild/protobuf";
import { posix } from "node:path";

import { EtcdscopeError } from "../../shared/errors.ts";
import type { Sample } from "../../shared/frame.ts";
import { FactSchema, FilesystemFactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { seriesKey } from "../../shared/series-key.ts";
import { isReachable } from "../discovery/path-on-host.ts";
import { assertDiscovered } from "./assert-discovered.ts";
import { etcdDirectories, findDirectoryMount, isReadOnlyForEtcd } from "./etcd-directories.ts";
import type { DirectoryMount, EtcdDirectory } from "./etcd-directories.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

export function createFilesystemProbe(): Probe {
  async function run(context: ProbeContext): Promise<Observation> {
    const discovered = assertDiscovered(context);
    const directory = etcdDirectories(discovered).find(({ role }) => role === context.target);
    if (directory === undefined) {
      return {};
    }
    const { host, signal } = context;
    const place = { ...directory, hostPath: await findPlace(directory, context) };
    const { device } = await host.readDirectoryFacts(place.hostPath, signal);
    const usage = await host.readFilesystemUsage(place.hostPath, signal);
    const found = findDirectoryMount(host, place, device);
    const isMountReadOnly = isReadOnlyForEtcd(host, place, { device, pid: discovered.pid });
    const at = (metric: string, value: number): Sample => ({
      key: seriesKey(metric, { role: directory.role }),
      value,
    });
    return {
      facts: [createFact(directory, found, isMountReadOnly)],
      samples: [
        at("node_filesystem_size_bytes", usage.sizeBytes),
        at("node_filesystem_avail_bytes", usage.availableBytes),
        at("node_filesystem_files", usage.files),
        at("node_filesystem_files_free", usage.filesFree),
      ],
    };
  }

  return {
    name: "filesystem",
    cadence: "normal",
    timeLimitMs: 5000,
    targets: ({ discovered }) => (discovered === undefined ? [] : ["data", "wal"]),
    run,
  };
}

/** What etcd has not made yet, it will make below the next directory that is there; one that runs has made all of it. */
async function findPlace(
  { path, hostPath }: EtcdDirectory,
  { host, discovered, signal }: ProbeContext,
): Promise<string> {
  if (discovered?.configuredBy === undefined || !isReachable(discovered, path)) {
    return hostPath;
  }
  let place = hostPath;
  while (place !== "/") {
    try {
      await host.readDirectoryFacts(place, signal);
      break;
    } catch (caught) {
      const error = EtcdscopeError.from(caught);
      if (error.code !== "NOT_FOUND") {
        throw error;
      }
      place = posix.dirname(place);
    }
  }
  return place;
}

function createFact(
  { role, path }: EtcdDirectory,
  found: DirectoryMount | undefined,
  isMountReadOnly: boolean,
): Fact {
  const readOnlyOption = found?.mount.filesystemReadOnly || (isMountReadOnly ? "ro" : "");
  const value = create(FilesystemFactSchema, {
    role,
    path,
    mountPoint: found?.mount.mountPoint ?? "",
    device: found?.deviceName ?? "",
    type: found?.mount.type ?? "",
    readOnly: readOnlyOption !== "",
    readOnlyOption,
    problem: found === undefined ? "No mount has the device of this directory" : "",
  });
  return create(FactSchema, { key: `filesystem/${role}`, body: { case: "filesystem", value } });
}
