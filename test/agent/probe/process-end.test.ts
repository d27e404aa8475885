import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { HostDoor } from "../../../agent/host/host-door.ts";
import {
  findContainerId,
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
      expect(read("exit-0")).toEqual({ code: 0, reason: "" });
      expect(read("exit-2")).toEqual({ code: 2, reason: "" });
      expect(read("killed")).toEqual({ code: 137, reason: "" });
      expect(read("oom-killed")).toEqual({ code: 137, reason: "OOMKilled" });
      expect(read("not-started")).toEqual({ code: 128, reason: "StartError" });
    },
  );

  it("reads what Docker recorded, also while it waits to start the container again", () => {
    const read = (name: string): unknown =>
      parseContainerEnd("docker", readRecord(`docker-20.10.24/${name}.json`));
    expect(["created", "running", "not-started"].map(read)).toEqual([undefined, undefined, undefined]);
    expect(read("exit-2")).toEqual({ code: 2, reason: "" });
    expect(read("killed")).toEqual({ code: 137, reason: "" });
    expect(read("oom-killed")).toEqual({ code: 137, reason: "OOMKilled" });
    expect(read("restarting")).toEqual({ code: 2, reason: "" });
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
