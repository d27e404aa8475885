import { describe, expect, it } from "vitest";

import { findMountOf, mapHostPaths } from "../../../agent/discovery/map-host-paths.ts";
import type { Mount } from "../../../agent/host/parse-mountinfo.ts";

function mount(device: string, root: string, mountPoint: string): Mount {
  return { device, root, mountPoint, type: "ext4", source: "", readOnly: false, filesystemReadOnly: "" };
}

describe("agent/discovery/map-host-paths", () => {
  it("finds the host's path of a directory that a container mounts", () => {
    const inside = [
      mount("0:50", "/", "/"),
      mount("8:1", "/var/lib/etcd", "/var/lib/etcd"),
      mount("8:1", "/etc/kubernetes/pki/etcd", "/pki"),
      mount("8:17", "/", "/wal"),
    ];
    const outside = [
      mount("8:1", "/", "/"),
      mount("8:17", "/", "/mnt/wal"),
      mount("0:50", "/sub", "/merged"),
    ];
    const paths = ["/var/lib/etcd", "/var/lib/etcd/member/wal", "/pki/server.crt", "/wal/x", "/only/inside"];
    expect(mapHostPaths(paths, inside, outside)).toEqual({
      "/var/lib/etcd": "/var/lib/etcd",
      "/var/lib/etcd/member/wal": "/var/lib/etcd/member/wal",
      "/pki/server.crt": "/etc/kubernetes/pki/etcd/server.crt",
      "/wal/x": "/mnt/wal/x",
    });
  });

  it("finds the mount of a path by the deepest mount point, and the last mounted on it", () => {
    const first = mount("8:1", "/", "/var/lib");
    const over = mount("8:2", "/", "/var/lib");
    const mounts = [mount("8:0", "/", "/"), first, over, mount("8:3", "/", "/var/library")];
    expect(findMountOf("/var/lib/etcd", mounts)).toBe(over);
    expect(findMountOf("/var/libx", mounts)?.device).toBe("8:0");
  });
});
