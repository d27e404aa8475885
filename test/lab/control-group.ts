/** Control groups of cgroup v1, as a limit on one member. */
import { mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EtcdMember } from "./etcd-member.ts";

/** A control group of cgroup v1 that holds one member until it is healed. */
export function createGroup(controller: string, member: EtcdMember): { path: string; remove: () => void } {
  const path = `/sys/fs/cgroup/${controller}/etcdscope-lab-${process.pid}-${member.name}`;
  mkdirSync(path, { recursive: true });
  return {
    path,
    remove: () => {
      for (const pid of readFileSync(join(path, "cgroup.procs"), "utf8").split("\n").filter(Boolean)) {
        writeFileSync(`/sys/fs/cgroup/${controller}/cgroup.procs`, pid);
      }
      rmdirSync(path);
    },
  };
}

export function hasController(name: string): boolean {
  return readdirSync("/sys/fs/cgroup").includes(name);
}
