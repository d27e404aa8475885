import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { HostDoor } from "../../../agent/host/host-door.ts";
import { findLog } from "../../../agent/probe/find-log.ts";
import {
  chooseContainerLog,
  decideLogSource,
  isSameContainer,
  listContainerLogs,
  listPodFolders,
} from "../../../agent/probe/log-source.ts";
import type { ProcessTraces } from "../../../agent/probe/log-source.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { discoveredEtcd, probeContext, TEST_CONFIG } from "./probe-context.ts";

describe("agent/probe/log-source", () => {
  const nothing: ProcessTraces = { errorOutput: undefined, cgroup: undefined, rootPrefix: "" };
  const POD =
    "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a1b2c3d_4e5f_6071_8293_a4b5c6d7e8f9.slice/cri-containerd-ab.scope\n";
  const STATIC = "0::/kubepods/burstable/pod0a1b2c3d4e5f60718293a4b5c6d7e8f9/ab\n";

  function f(configured: string, traces: Partial<ProcessTraces>): unknown {
    const source = decideLogSource(configured, { ...nothing, ...traces });
    return source.kind === "unknown" ? source.reason : Object.values(source).join(" ");
  }

  it("takes the configuration's word, else what the process shows", () => {
    expect(f("file:/x.log", {})).toBe("file /x.log");
    expect(f("off", { cgroup: POD })).toBe("off");
    expect(f("auto", { errorOutput: "/var/log/etcd.log" })).toBe("file /var/log/etcd.log");
    expect(f("auto", { errorOutput: "/x.log", rootPrefix: "/proc/7/root" })).toBe("file /proc/7/root/x.log");
    expect(f("auto", { errorOutput: "pipe:[1]", cgroup: POD })).toBe(
      "pod 0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
    );
    expect(f("auto", { errorOutput: "pipe:[1]", cgroup: STATIC })).toBe(
      "pod 0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    );
    expect(f("pod", {})).toBe("pod ");
    expect(f("auto", { errorOutput: "socket:[1]", cgroup: "0::/system.slice/etcd.service\n" })).toBe(
      "journal etcd.service",
    );
    expect(f("journald:etcd", {})).toBe("journal etcd.service");
    expect(f("auto", { starter: { kind: "unit", unit: "etcd.service" } })).toBe("journal etcd.service");
    expect(f("auto", { starter: { kind: "pod" } })).toBe("pod ");
    expect(f("auto", { starter: { kind: "file", path: "/var/log/etcd.log" } })).toBe(
      "file /var/log/etcd.log",
    );
    const docker = {
      kind: "engine",
      engine: "docker",
      id: "0123456789abcdef".repeat(4),
      logPath: undefined,
    } as const;
    expect(f("auto", { starter: { ...docker, logPath: "/d/x-json.log" } })).toBe("file /d/x-json.log");
    expect(f("auto", { starter: docker })).toBe(`container ${docker.id}`);
    expect(f("auto", { errorOutput: "/dev/pts/0" })).toBe("no_log");
    expect(f("auto", {})).toBe("no_log");
  });

  it("asks the runtime for the log of a container that is in no pod", () => {
    const id = "0123456789abcdef".repeat(4);
    expect(f("auto", { errorOutput: "pipe:[1]", cgroup: `/docker/${id}` })).toBe(`container ${id}`);
    expect(f("auto", { errorOutput: "pipe:[1]", cgroup: `/system.slice/docker-${id}.scope` })).toBe(
      `container ${id}`,
    );
  });

  it("looks in the journal for the log of a container whose output its runtime passes through", () => {
    const id = "0123456789abcdef".repeat(4);
    const split = `0::/system.slice/etcd.service/libpod-payload-${id}`;
    expect(f("auto", { errorOutput: "socket:[1]", cgroup: split })).toBe("journal etcd.service");
    const apart = `0::/machine.slice/libpod-${id}.scope/container`;
    expect(f("auto", { errorOutput: "socket:[1]", cgroup: apart })).toBe(`journal libpod-${id}.scope`);
    expect(f("auto", { errorOutput: "pipe:[1]", cgroup: split })).toBe(`container ${id}`);
    expect(f("auto", { errorOutput: "socket:[1]", cgroup: `/docker/${id}` })).toBe(`container ${id}`);
  });

  it("chooses the pod's folders and the container's last log", () => {
    const folders = ["kube-system_kube-proxy-x_1", "kube-system_etcd-m1_0a1b", "kube-system_etcd-m1_2c3d"];
    expect(listPodFolders(folders, "0a1b")).toEqual(["kube-system_etcd-m1_0a1b"]);
    expect(listPodFolders(folders, undefined)).toEqual(folders.slice(1));
    expect(listPodFolders(folders, "ffff")).toEqual([]);
    expect(
      chooseContainerLog(["9.log", "10.log", "10.log.20261124-160000", "10.log.20261124-150000.gz"]),
    ).toBe("10.log");
    expect(chooseContainerLog([])).toBeUndefined();
  });

  it("knows the containers of kubeadm's etcd by the names of their logs", () => {
    const id = "0123456789abcdef".repeat(4);
    const name = `etcd-m1.example_kube-system_etcd-${id}.log`;
    const others = [`etcd-m1_default_etcd-${id}.log`, `etcd-m1_kube-system_backup-${id}.log`, "etcd.log"];
    expect(listContainerLogs([...others, name])).toEqual([{ id, name }]);
  });

  it("knows a static pod also by the UID that a changed manifest gives it", () => {
    const log = "/var/log/pods/kube-system_etcd-m1_0a1b/etcd/3.log";
    expect(isSameContainer(log, "/var/log/pods/kube-system_etcd-m1_0a1b/etcd/4.log")).toBe(true);
    expect(isSameContainer(log, "/var/log/pods/kube-system_etcd-m1_2c3d/etcd/0.log")).toBe(true);
    expect(isSameContainer(log, "/var/log/pods/kube-system_etcd-m2_0a1b/etcd/3.log")).toBe(false);
    expect(isSameContainer("/var/log/etcd/a.log", "/var/log/etcd/b.log")).toBe(true);
    const ofDocker = (letter: string): string =>
      `/var/lib/docker/containers/${letter.repeat(64)}/${letter.repeat(64)}-json.log`;
    expect(isSameContainer(ofDocker("a"), ofDocker("b"))).toBe(true);
    expect(isSameContainer(ofDocker("a"), log)).toBe(false);
    const ofPodman = (letter: string): string =>
      `/var/lib/containers/storage/overlay-containers/${letter.repeat(64)}/userdata/ctr.log`;
    expect(isSameContainer(ofPodman("a"), ofPodman("b"))).toBe(true);
    expect(isSameContainer(ofPodman("a"), ofDocker("a"))).toBe(false);
    expect(isSameContainer("/var/log/a_1/b.log", "/var/log/a_2/b.log")).toBe(false);
  });
});

describe("agent/probe/find-log", () => {
  const auto = { ...TEST_CONFIG.etcd, logs: "pod" };

  function podsWith(logs: Readonly<Record<string, number>>): Partial<HostDoor> {
    const paths = Object.keys(logs).map((path) => `/var/log/pods/${path}`);
    return {
      listDirectory: (folder) =>
        Promise.resolve([
          ...new Set(
            paths
              .filter((path) => path.startsWith(`${folder}/`))
              .map((path) => path.slice(folder.length + 1).split("/")[0] ?? ""),
          ),
        ]),
      readFileFacts: (path) =>
        Promise.resolve({ modifiedAtMs: logs[path.slice("/var/log/pods/".length)] ?? 0 } as never),
    };
  }

  it("takes the newest log of an etcd, not that of a pod that is gone or of a backup", async () => {
    const host = podsWith({
      "kube-system_etcd-backup-1_aa/backup/0.log": 900,
      "kube-system_etcd-m1_bb/etcd/7.log": 100,
      "kube-system_etcd-m1_cc/etcd/2.log": 300,
      "kube-system_kube-apiserver-m1_dd/etcd/0.log": 999,
    });
    expect(await findLog(auto, probeContext({ host }))).toMatchObject({
      path: "/var/log/pods/kube-system_etcd-m1_cc/etcd/2.log",
    });
    const none = podsWith({ "kube-system_etcd-backup-1_aa/backup/0.log": 900 });
    await expect(findLog(auto, probeContext({ host: none }))).rejects.toMatchObject({ reason: "no_log" });
  });

  it("takes the log that Docker's record names of a container that is dead", async () => {
    const id = "0123456789abcdef".repeat(4);
    const folder = `/var/lib/docker/containers/${id}`;
    const record = readFileSync(
      join(import.meta.dirname, "../../fixture/containers/docker-20.10.24/etcd-failed.json"),
    );
    const host: Partial<HostDoor> = {
      listDirectory: () => Promise.resolve([]),
      listFileNames: () => Promise.resolve([id]),
      readFileFacts: () => Promise.resolve({ modifiedAtMs: 1 } as never),
      readSmallFile: (path) =>
        path === `${folder}/config.v2.json`
          ? Promise.resolve(record)
          : Promise.reject(new EtcdscopeError("NOT_FOUND", path, { reason: "not_found" })),
    };
    const found = await findLog({ ...auto, logs: "auto" }, probeContext({ host }));
    expect(found).toMatchObject({ path: expect.stringMatching(/^\/var\/lib\/docker\/.*-json\.log$/) });
  });

  it("finds the log of a container that runs where Docker or Podman keeps it", async () => {
    const id = "0123456789abcdef".repeat(4);
    const f = async (cgroup: string, path: string): Promise<unknown> => {
      const host: Partial<HostDoor> = {
        findProcessErrorOutput: () => "pipe:[1]",
        findProcessCgroup: () => cgroup,
        listDirectory: (folder) => Promise.resolve(folder === dirname(path) ? [basename(path)] : []),
        readSmallFile: () => Promise.resolve(Buffer.from('{"data-root":"/data/docker"}')),
      };
      const discovered = discoveredEtcd({});
      return await findLog({ ...auto, logs: "auto" }, probeContext({ host, discovered }));
    };
    for (const [cgroup, path] of [
      [`/docker/${id}`, `/data/docker/containers/${id}/${id}-json.log`],
      [
        `/machine.slice/libpod-${id}.scope/container`,
        `/var/lib/containers/storage/overlay-containers/${id}/userdata/ctr.log`,
      ],
    ] as const) {
      expect(await f(cgroup, path)).toMatchObject({ path });
    }
  });
});
