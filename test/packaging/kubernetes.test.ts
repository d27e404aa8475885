import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ETCDSCOPE_VERSION } from "../../shared/version.ts";

const ROOT = join(import.meta.dirname, "../..");

interface DaemonSet {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly hostPID: boolean;
        readonly hostNetwork: boolean;
        readonly containers: readonly {
          readonly image: string;
          readonly command: readonly string[];
          readonly resources: { readonly limits: { readonly cpu: string; readonly memory: string } };
          readonly securityContext: { readonly capabilities: { readonly add: readonly string[] } };
          readonly volumeMounts: readonly { readonly name: string }[];
        }[];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
  };
}

const { spec } = (
  parse(readFileSync(join(ROOT, "packaging/kubernetes/agent-daemonset.yaml"), "utf8")) as DaemonSet
).spec.template;
const [agent] = spec.containers;
const unit = readFileSync(join(ROOT, "systemd/etcdscope-agent.service"), "utf8");

describe("packaging/kubernetes", () => {
  it("gives the agent what its unit gives it, and no more", () => {
    const inUnit = /^AmbientCapabilities=(.*)$/m
      .exec(unit)?.[1]
      ?.split(" ")
      .map((one) => one.replace("CAP_", ""));
    expect(agent?.securityContext.capabilities.add.toSorted()).toEqual(inUnit?.toSorted());
    expect(agent?.resources.limits).toEqual({
      cpu: `${Number(/^CPUQuota=(\d+)%$/m.exec(unit)?.[1]) * 10}m`,
      memory: `${/^MemoryMax=(\d+)M$/m.exec(unit)?.[1] ?? ""}Mi`,
    });
    expect([spec.hostPID, spec.hostNetwork]).toEqual([true, true]);
  });

  it("runs this version from where the package puts it, on volumes that are there", () => {
    expect(agent?.image).toBe(`etcdscope-agent:${ETCDSCOPE_VERSION}`);
    expect(agent?.command.slice(0, 2)).toEqual(["/usr/lib/etcdscope-agent/bin/etcdscope", "agent"]);
    expect(agent?.volumeMounts.map(({ name }) => name)).toEqual(spec.volumes.map(({ name }) => name));
  });
});
