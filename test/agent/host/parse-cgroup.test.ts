import { describe, expect, it } from "vitest";
import { parseCgroup } from "../../../agent/host/parse-cgroup.ts";

describe("agent/host/parse-cgroup", () => {
  it.each([
    // Debian 12, version 2 only.
    ["0::/system.slice/etcd.service\n", "/system.slice/etcd.service"],
    // A machine with both versions, where systemd has its own hierarchy.
    ["9:name=systemd:/system.slice/etcd.service\n4:memory:/other\n0::/\n", "/system.slice/etcd.service"],
    // Both versions without systemd: whatever names a group.
    ["9:name=systemd:/\n4:memory:/kubepods/burstable/pod1/ab\n0::/\n", "/kubepods/burstable/pod1/ab"],
    [
      "0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-ab.scope\n",
      "/kubepods.slice/kubepods-burstable.slice/cri-containerd-ab.scope",
    ],
    ["0::/a:b\n", "/a:b"],
    ["0::/\n", "/"],
    ["", ""],
  ])("%j → %s", (text, path) => {
    expect(parseCgroup(text)).toBe(path);
  });
});
