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

/** As containerd's CRI plugin writes it, by its source (status.go, version v1). */
function recordOf(changed: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({
    Version: "v1",
    Pid: 0,
    CreatedAt: 1764130000000000000,
    StartedAt: 1764130001000000000,
    FinishedAt: 1764130300000000000,
    ExitCode: 137,
    Reason: "OOMKilled",
    Message: "",
    Resources: null,
    ...changed,
  });
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
    expect(findContainerId("/system.slice/etcd.service")).toBeUndefined();
  });

  it.each([
    ["containerd", recordOf({}), { code: 137, reason: "OOMKilled" }],
    ["containerd", recordOf({ FinishedAt: 0, ExitCode: 0, Reason: "" }), undefined],
    ["containerd", '{"Version":"v1","Pid', undefined],
    ["cri-o", "2", { code: 2, reason: "" }],
    ["cri-o", "", undefined],
    ["docker", '{"State":{"Running":false,"OOMKilled":false,"ExitCode":1}}', { code: 1, reason: "" }],
    ["docker", '{"State":{"Running":true,"ExitCode":0}}', undefined],
  ] as const)("reads what %s recorded: %s", (runtime, text, want) => {
    expect(parseContainerEnd(runtime, text)).toEqual(want);
  });

  it("tells how the container of an etcd that has gone ended", async () => {
    const files = { [CONTAINERD?.path ?? ""]: recordOf({}) };
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
