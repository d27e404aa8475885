import { describe, expect, it } from "vitest";
import { walkTree } from "../../../collector/diagnosis/decision-tree.ts";
import { addNext, findNext } from "../../../collector/runbook/next-step.ts";
import { evaluateExample, THREE } from "./example-cluster.ts";

describe("collector/runbook/next-step", () => {
  it.each([
    ["/system.slice/etcd.service", /^journalctl .*-u etcd\.service$/],
    ["/kubepods.slice/kubepods-pod1.slice", /^crictl logs /],
    [`/docker/${"ab".repeat(32)}`, /^docker logs --tail \d+ abababababab$/],
    [`/system.slice/docker-${"ab".repeat(32)}.scope`, /^docker logs /],
    [`/machine.slice/libpod-${"ab".repeat(32)}.scope/container`, /^podman logs --tail \d+ abababababab$/],
    ["/user.slice", /^etcdscope diagnose$/],
  ])("looks at why a member is down first, whatever started it: %s", (cgroup, command) => {
    const members = THREE.map((member) => ({ ...member, cgroup, isUp: member.name !== "m2" }));
    const next = findNext(evaluateExample(members));
    expect(next).toMatchObject({ code: "MEMBER_DOWN", member: "m2" });
    expect(next?.command).toMatch(command);
  });

  it("gives whoever has just diagnosed the node another command than to do it again", () => {
    const members = THREE.map((member) => ({ ...member, cgroup: "/user.slice", isUp: member.name !== "m2" }));
    const evaluation = evaluateExample(members);
    const commands = [true, false].map((isOnNode) => {
      const { layers, next } = addNext(walkTree(evaluation), evaluation, { isOnNode });
      return [...layers.map((layer) => layer.next?.command ?? ""), next?.command ?? ""];
    });
    expect(commands[0]).not.toContain("etcdscope diagnose");
    expect(commands[1]).toContain("etcdscope diagnose");
    expect(commands[0]?.at(-1)).toContain("df -h");
  });

  it("has nothing to say about a cluster that is well", () => {
    expect(findNext(evaluateExample(THREE))).toBeNull();
  });
});
