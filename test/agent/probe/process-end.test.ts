import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { HostDoor } from "../../../agent/host/host-door.ts";
import {
  findContainerId,
  isUnseenEnd,
  listContainerRecords,
  parseContainerEnd,
} from "../../../agent/probe/parse-container-end.ts";
import type { Observation } from "../../../agent/probe/probe.ts";
import { parseUnitEnd } from "../../../agent/host/read-unit-end.ts";
import { createProcessEndProbe } from "../../../agent/probe/process-end.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { discoveredEtcd, probeContext, TEST_SETUP } from "./probe-context.ts";

const ID = "0123456789abcdef".repeat(4);
const [CONTAINERD] = listContainerRecords(ID);

const FIXTURES = join(import.meta.dirname, "../../fixture/containers");

/** What a runtime wrote down, as captured: "containerd-1.6.20/killed.json". */
function readRecord(name: string): string {
  return readFileSync(join(FIXTURES, name), "utf8");
}

/** Looks while process 812 runs in a cgroup, and after it has gone, `looks` times. */
async function lookAfter(
  cgroup: string,
  host: Partial<HostDoor>,
  looks = 1,
): Promise<readonly Observation[]> {
  const probe = createProcessEndProbe(TEST_SETUP);
  const all = { findProcessCgroup: () => cgroup, ...host };
  await probe.run(probeContext({ discovered: discoveredEtcd({}, { pid: 812 }), host: all }));
  const seen: Observation[] = [];
  for (let each = 0; each < looks; each += 1) {
    seen.push(
      await probe.run(probeContext({ discovered: discoveredEtcd({}, { pid: undefined }), host: all })),
    );
  }
  return seen;
}

function filesOf(files: Readonly<Record<string, string>>): Partial<HostDoor> {
  return {
    readSmallFile: (path) => {
      const text = files[path];
      return text === undefined
        ? Promise.reject(new EtcdscopeError("NOT_FOUND", path, { reason: "not_found" }))
        : Promise.resolve(Buffer.from(text));
    },
  };
}

describe("agent/probe/process-end", () => {
  it("finds a container by the last part of its cgroup", () => {
    expect(findContainerId(`/kubepods.slice/kubepods-pod1.slice/cri-containerd-${ID}.scope`)).toBe(ID);
    expect(findContainerId(`/kubepods/burstable/pod1/${ID}`)).toBe(ID);
    expect(findContainerId(`/docker/${ID}`)).toBe(ID);
    expect(findContainerId(`/kubepods.slice/kubepods-pod1.slice/crio-${ID}.scope/container`)).toBe(ID);
    expect(findContainerId(`/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:${ID}`)).toBe(
      ID,
    );
    expect(findContainerId("/system.slice/etcd.service")).toBeUndefined();
  });

  it.each(["containerd-1.6.20", "containerd-1.7.24", "containerd-2.1.9"])(
    "reads what %s recorded",
    (version) => {
      const read = (name: string): unknown =>
        parseContainerEnd("containerd", readRecord(`${version}/${name}.json`));
      expect(read("running")).toBeUndefined();
      expect(read("exit-0")).toMatchObject({ code: 0, reason: "" });
      expect(read("exit-2")).toMatchObject({ code: 2, reason: "" });
      expect(read("killed")).toMatchObject({ code: 137, reason: "" });
      expect(read("oom-killed")).toMatchObject({ code: 137, reason: "OOMKilled" });
      expect(read("not-started")).toMatchObject({ code: 128, reason: "starterror" });
    },
  );

  it("reads what Docker recorded, also while it waits to start the container again", () => {
    const read = (name: string): unknown =>
      parseContainerEnd("docker", readRecord(`docker-20.10.24/${name}.json`));
    expect(["created", "running"].map(read)).toEqual([undefined, undefined]);
    expect(read("exit-2")).toMatchObject({ code: 2, reason: "", restarts: 0 });
    expect(read("killed")).toMatchObject({ code: 137, reason: "" });
    expect(read("oom-killed")).toMatchObject({ code: 137, reason: "OOMKilled" });
    expect(read("restarting")).toMatchObject({ code: 2, reason: "", restarts: 1 });
    expect(read("etcd-failed")).toMatchObject({ code: 2, reason: "", restarts: 2 });
  });

  it("reads why Docker could not start a container, as of when it was made", () => {
    const end = parseContainerEnd("docker", readRecord("docker-20.10.24/not-started.json"));
    expect(end).toMatchObject({ code: 127, endedAtMs: Date.parse("2026-11-28T01:09:55.436Z") });
    expect(end?.reason).toContain("no such file or directory");
  });

  it("does not take for an end what a runtime writes down that was not there", () => {
    const f = (runtime: "containerd" | "docker", name: string): boolean | undefined => {
      const end = parseContainerEnd(runtime, readRecord(`${name}.json`));
      return end && isUnseenEnd(runtime, end);
    };
    expect(f("containerd", "containerd-1.6.20/lost-before")).toBeUndefined();
    expect(f("containerd", "containerd-1.6.20/lost")).toBe(true);
    expect(f("containerd", "containerd-1.6.20/killed")).toBe(false);
    expect(f("docker", "docker-20.10.24/etcd-lost-before")).toBeUndefined();
    expect(f("docker", "docker-20.10.24/etcd-lost")).toBe(true);
    expect(f("docker", "docker-20.10.24/killed")).toBe(false);
  });

  it.each([
    ["containerd", '{"Version":"v1","Pid', undefined],
    ["docker", "", undefined],
    ["cri-o", readRecord("conmon-2.1.6/exit-3"), { code: 3, reason: "" }],
    ["cri-o", "", undefined],
  ] as const)("reads what %s recorded: %s", (runtime, text, want) => {
    expect(parseContainerEnd(runtime, text)).toEqual(want);
  });

  it("tells how the container of an etcd that has gone ended", async () => {
    const files = { [CONTAINERD?.path ?? ""]: readRecord("containerd-1.6.20/oom-killed.json") };
    const [seen] = await lookAfter(`/kubepods/pod1/${ID}`, filesOf(files));
    expect(seen?.events?.[0]).toMatchObject({
      kind: "process_ended",
      attributes: {
        pid: "812",
        unit: "container 0123456789ab",
        source: "containerd",
        how: "killed",
        status: "SIGKILL",
        result: "oom-kill",
      },
    });
  });

  it("knows by the mark beside it that a container of CRI-O was killed for memory", async () => {
    const files = { [`/var/run/crio/exits/${ID}`]: readRecord("conmon-2.1.6/killed") };
    const cgroup = `/kubepods.slice/kubepods-pod1.slice/crio-${ID}.scope/container`;
    const [killed] = await lookAfter(cgroup, filesOf(files));
    const told = { source: "cri-o", how: "killed", status: "SIGKILL" };
    expect(killed?.events?.[0]?.attributes).toMatchObject({ ...told, result: "" });
    const mark = `/run/containers/storage/overlay-containers/${ID}/userdata/oom`;
    const [marked] = await lookAfter(cgroup, filesOf({ ...files, [mark]: "" }));
    expect(marked?.events?.[0]?.attributes).toMatchObject({ ...told, result: "oom-kill" });
  });

  it("asks again while the runtime has not written it down, a few times", async () => {
    const seen = await lookAfter(`/kubepods/pod1/${ID}`, filesOf({}), 6);
    expect(seen.map(({ againMs }) => againMs)).toEqual([1000, 1000, 1000, 1000, undefined, undefined]);
  });

  it("asks systemd for a unit, and says that nobody can tell of a process of neither", async () => {
    const end = { how: "exited", status: 1, result: "exit-code", restarts: 3 };
    const [seen] = await lookAfter("/system.slice/etcd.service", { readUnitEnd: () => Promise.resolve(end) });
    expect(seen?.events?.[0]?.attributes).toMatchObject({
      unit: "etcd.service",
      status: "1",
      source: "systemd",
    });
    await expect(lookAfter("/user.slice", {})).rejects.toMatchObject({ reason: "no_supervisor" });
  });

  describe("of one that was dead before the first look", () => {
    const POD_LOG = "/var/log/pods/kube-system_etcd-m1_0a1b/etcd/3.log";
    const OTHER = "f".repeat(64);

    /** A host with these files; `logs`: of a pod and the names in /var/log/containers, each with its inode. */
    function nodeWith(
      files: Readonly<Record<string, string>>,
      logs: Readonly<Record<string, number>> = {},
    ): Partial<HostDoor> {
      const all = [...Object.keys(files), ...Object.keys(logs)];
      const list = (folder: string): Promise<readonly string[]> =>
        Promise.resolve([
          ...new Set(
            all.flatMap((path) =>
              path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1).split("/")[0] ?? ""] : [],
            ),
          ),
        ]);
      return {
        ...filesOf(files),
        listDirectory: list,
        listFileNames: list,
        readFileFacts: (path) =>
          all.includes(path)
            ? Promise.resolve({ inode: logs[path] ?? 1, device: "8:1", modifiedAtMs: 5000 } as never)
            : Promise.reject(new EtcdscopeError("NOT_FOUND", path, { reason: "not_found" })),
      };
    }

    async function lookFirst(host: Partial<HostDoor>, looks = 1): Promise<readonly Observation[]> {
      const probe = createProcessEndProbe(TEST_SETUP);
      const seen: Observation[] = [];
      for (let each = 0; each < looks; each += 1) {
        seen.push(await probe.run(probeContext({ host })));
      }
      return seen;
    }

    const MANIFEST =
      "spec:\n  containers:\n  - name: etcd\n    command: [etcd, --name=m1, --data-dir=/var/lib/etcd]\n";
    const POD = { "/etc/kubernetes/manifests/etcd.yaml": MANIFEST };
    const POD_LOGS = {
      [POD_LOG]: 30,
      [`/var/log/containers/etcd-m1_kube-system_etcd-${OTHER}.log`]: 20,
      [`/var/log/containers/etcd-m1_kube-system_etcd-${ID}.log`]: 30,
      [`/var/log/containers/kube-proxy-x_kube-system_kube-proxy-${OTHER}.log`]: 30,
    };

    it("tells how the last container of kubeadm's pod ended, known by the name of its log", async () => {
      const records = {
        [CONTAINERD?.path ?? ""]: readRecord("containerd-1.6.20/oom-killed.json"),
        [listContainerRecords(OTHER)[0]?.path ?? ""]: readRecord("containerd-1.6.20/exit-2.json"),
      };
      const [first, next] = await lookFirst(nodeWith({ ...POD, ...records }, POD_LOGS), 2);
      expect(first?.events?.[0]?.attributes).toMatchObject({
        unit: "container 0123456789ab",
        source: "containerd",
        how: "killed",
        status: "SIGKILL",
        result: "oom-kill",
        restarts: "3",
      });
      expect(first?.events?.[0]?.attributes).not.toHaveProperty("pid");
      expect(next).toEqual({});
    });

    it("takes the time of CRI-O's exit file", async () => {
      const records = { [`/var/run/crio/exits/${ID}`]: readRecord("conmon-2.1.6/exit-3") };
      const [seen] = await lookFirst(nodeWith({ ...POD, ...records }, POD_LOGS));
      expect(seen?.events?.[0]?.attributes).toMatchObject({
        source: "cri-o",
        how: "exited",
        status: "3",
        endedAt: "1970-01-01T00:00:05.000Z",
      });
    });

    it("says why it does not know how a pod's container ended, until it does", async () => {
      const f = async (
        files: Readonly<Record<string, string>>,
        logs: Readonly<Record<string, number>>,
      ): Promise<unknown> =>
        await lookFirst(nodeWith({ ...POD, ...files }, logs)).catch((error: unknown) => error);
      expect(await f({}, {})).toMatchObject({ code: "NOT_APPLICABLE", reason: "no_log" });
      expect(await f({}, { [POD_LOG]: 30 })).toMatchObject({ code: "NOT_APPLICABLE", reason: "no_record" });
      expect(await f({}, POD_LOGS)).toMatchObject({ code: "NOT_APPLICABLE", reason: "no_record" });
      const path = CONTAINERD?.path ?? "";
      for (const [name, reason] of [
        ["lost-before", "no_record"],
        ["lost", "end_unseen"],
      ] as const) {
        const files = { [path]: readRecord(`containerd-1.6.20/${name}.json`) };
        expect(await f(files, POD_LOGS)).toMatchObject({ code: "NOT_APPLICABLE", reason });
      }
      const probe = createProcessEndProbe(TEST_SETUP);
      await expect(probe.run(probeContext({ host: nodeWith(POD, POD_LOGS) }))).rejects.toThrow(
        "No runtime has written down how container 0123456789ab ended",
      );
      const written = nodeWith({ ...POD, [path]: readRecord("containerd-1.6.20/exit-2.json") }, POD_LOGS);
      expect((await probe.run(probeContext({ host: written }))).events).toHaveLength(1);
    });

    it("tells how the container that Docker ran ended, with how often it was started again", async () => {
      const files = {
        [`/var/lib/docker/containers/${ID}/config.v2.json`]: readRecord("docker-20.10.24/etcd-failed.json"),
        [`/var/lib/docker/containers/${OTHER}/config.v2.json`]: readRecord(
          "docker-20.10.24/etcd-version.json",
        ),
      };
      const [seen] = await lookFirst(nodeWith(files));
      expect(seen?.events?.[0]?.attributes).toMatchObject({
        unit: "container 0123456789ab",
        source: "docker",
        how: "exited",
        status: "2",
        result: "",
        restarts: "2",
      });
      const lost = {
        [`/var/lib/docker/containers/${ID}/config.v2.json`]: readRecord("docker-20.10.24/etcd-lost.json"),
      };
      await expect(lookFirst(nodeWith(lost))).rejects.toMatchObject({ reason: "end_unseen" });
    });

    it("tells how the container that Podman ran ended", async () => {
      const own = `/var/lib/containers/storage/overlay-containers/${ID}/userdata`;
      const record = { [`${own}/config.json`]: readRecord("podman-4.3.1/failed.json") };
      const exit = { [`/run/libpod/exits/${ID}`]: readRecord("podman-4.3.1/failed.exit") };
      const [seen] = await lookFirst(nodeWith({ ...record, ...exit }));
      expect(seen?.events?.[0]?.attributes).toMatchObject({
        unit: "container 0123456789ab",
        source: "podman",
        how: "exited",
        status: "2",
      });
      // What it writes down does not outlive a start of the machine.
      await expect(lookFirst(nodeWith(record))).rejects.toMatchObject({ reason: "no_record" });
    });

    it("says nothing where nothing is known of an etcd", async () => {
      expect(await lookFirst(nodeWith({}))).toEqual([{}]);
    });
  });

  it("asks systemd once of an etcd that was dead before the first look, with when it ended", async () => {
    const UPTIME_MS = 7_200_000;
    const unit = "[Service]\nExecStart=/usr/bin/etcd --name m1 --data-dir /d\n";
    const f = async (endedAgoMs: number): Promise<unknown> => {
      const asked: string[] = [];
      const host: Partial<HostDoor> = {
        ...filesOf({ "/etc/systemd/system/etcd.service": unit }),
        listDirectory: () => Promise.resolve([]),
        readUptimeMs: () => UPTIME_MS,
        readUnitEnd: (name) => {
          asked.push(name);
          const endedAtUs = (UPTIME_MS - endedAgoMs) * 1000;
          return Promise.resolve(
            parseUnitEnd(
              `Result=exit-code\nNRestarts=5\nExecMainCode=1\nExecMainStatus=2\nExecMainExitTimestampMonotonic=${endedAtUs}\n`,
            ),
          );
        },
      };
      const probe = createProcessEndProbe(TEST_SETUP);
      const context = probeContext({ host });
      const nowMs = context.clock.nowMs();
      const [event] = (await probe.run(context)).events ?? [];
      expect((await probe.run(context)).events).toBeUndefined();
      expect(asked).toEqual(["etcd.service"]);
      const agoMs = nowMs - Number(event?.atUnixMs);
      return { ...event?.attributes, agoSeconds: Math.abs(Math.round(agoMs / 1000)) };
    };
    const told = { unit: "etcd.service", source: "systemd", how: "exited", status: "2", restarts: "5" };
    expect(await f(60_000)).toEqual({ ...told, result: "exit-code", agoSeconds: 60 });
    expect(await f(7_000_000)).toMatchObject({
      ...told,
      agoSeconds: 0,
      endedAt: expect.any(String) as string,
    });
  });
});
