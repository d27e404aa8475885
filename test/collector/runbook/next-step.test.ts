import { describe, expect, it } from "vitest";
import { findNext } from "../../../collector/runbook/next-step.ts";
import { evaluateExample, THREE } from "./example-cluster.ts";

describe("collector/runbook/next-step", () => {
  it.each([
    ["/system.slice/etcd.service", /^journalctl .*-u etcd\.service$/],
    ["/kubepods.slice/kubepods-pod1.slice", /^crictl logs /],
    ["/user.slice", /^etcdscope diagnose$/],
  ])("looks at why a member is down first, whatever started it: %s", (cgroup, command) => {
    const members = THREE.map((member) => ({ ...member, cgroup, isUp: member.name !== "m2" }));
    const next = findNext(evaluateExample(members));
    expect(next).toMatchObject({ code: "MEMBER_DOWN", member: "m2" });
    expect(next?.command).toMatch(command);
  });

  it("has nothing to say about a cluster that is well", () => {
    expect(findNext(evaluateExample(THREE))).toBeNull();
  });
});
