/** containerd, its shim and runc, and a program for the sandbox's image: Debian's, unpacked into .cache/, never installed. */
import { dirname } from "node:path";
import type { Unavailable } from "../availability.ts";
import { ensureDebianTool } from "../debian-tool.ts";

/** 1.6: of Debian's, the one that runs on the machines on which its etcd does. */
const SUITE = "bookworm";

export interface ContainerBinaries {
  readonly kind: "available";
  readonly containerd: string;
  readonly ctr: string;
  /** Linked to nothing, it is every small program that an image needs. */
  readonly busybox: string;
  /** Where containerd looks for the shim and for runc. */
  readonly folders: readonly string[];
}

export async function ensureContainerd(): Promise<ContainerBinaries | Unavailable> {
  const tool = await ensureDebianTool({
    suite: SUITE,
    packages: ["containerd", "runc", "busybox-static"],
    files: ["usr/bin/containerd", "usr/bin/ctr", "usr/sbin/runc", "bin/busybox"],
    folder: `containerd/${SUITE}`,
  });
  if (tool.kind === "unavailable") {
    return tool;
  }
  const [containerd = "", ctr = "", runc = "", busybox = ""] = tool.paths;
  return { kind: "available", containerd, ctr, busybox, folders: [dirname(containerd), dirname(runc)] };
}
