/** etcd's own files by names, sizes and times: a WAL with a hole serves on and never starts again; leftovers fill the disk. */
import { create } from "@bufbuild/protobuf";
import type { Sample } from "../../shared/frame.ts";
import { EtcdFilesFactSchema, FactSchema, FileGroupSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { seriesKey } from "../../shared/series-key.ts";
import { assertDiscovered } from "./assert-discovered.ts";
import { etcdDirectories } from "./etcd-directories.ts";
import { groupEtcdFiles } from "./group-etcd-files.ts";
import type { GroupedFiles } from "./group-etcd-files.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

export function createEtcdFilesProbe(): Probe {
  return { name: "etcd_files", cadence: "slow", timeLimitMs: 5000, run: look };
}

async function look(context: ProbeContext): Promise<Observation> {
  const { host, signal, clock } = context;
  const [data, wal] = etcdDirectories(assertDiscovered(context));
  const member = await host.listDataFiles(`${data?.hostPath ?? ""}/member`, signal);
  const isInside = wal?.hostPath.startsWith(`${data?.hostPath ?? ""}/`) === true;
  const aside = isInside ? [] : await host.listDataFiles(wal?.hostPath ?? "", signal);
  const groups = groupEtcdFiles([...member, ...aside]).filter(({ count }) => count > 0);
  const value = create(EtcdFilesFactSchema, {
    groups: groups.map(({ kind, count, missingNumber }) =>
      create(FileGroupSchema, { kind, count, missingNumber: BigInt(missingNumber) }),
    ),
  });
  return {
    facts: [create(FactSchema, { key: "etcd_files", body: { case: "etcdFiles", value } })],
    samples: groups.flatMap((group) => measure(group, clock.nowMs())),
  };
}

function measure({ kind, count, bytes, newestAtMs }: GroupedFiles, nowMs: number): readonly Sample[] {
  return [
    { key: seriesKey("etcdscope_etcd_files", { kind }), value: count },
    { key: seriesKey("etcdscope_etcd_files_bytes", { kind }), value: bytes },
    {
      key: seriesKey("etcdscope_etcd_files_newest_age_seconds", { kind }),
      value: Math.max(0, (nowMs - newestAtMs) / 1000),
    },
  ];
}
